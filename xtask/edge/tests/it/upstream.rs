//! Services that are away, break off or fall silent; and requests, which are never sent a second time.

use reqwest::Method;
use testkit::proxy::{Link, Proxy};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use crate::client::Answer;
use crate::double::Double;
use crate::nginx::{Nginx, Site, free_address};
use crate::system::{System, order, token};

async fn in_front_of(service: std::net::SocketAddr) -> (Nginx, Double) {
    let verifier = Double::verifier().await;
    let nginx = Nginx::start(&Site::before(service).verified_by(verifier.address)).await;
    (nginx, verifier)
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn a_service_that_is_away_is_told_as_a_problem() {
    let (nginx, _verifier) = in_front_of(free_address()).await;
    for path in ["/orders/7", "/orders/user/ada"] {
        nginx.client().get(path, "t").await.refused(502, "service_unavailable");
    }
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn a_service_that_says_nothing_is_not_waited_for_for_ever() {
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let (nginx, _verifier) = in_front_of(silent.local_addr().expect("an address")).await;
    nginx.client().get("/orders/7", "t").await.refused(504, "service_timeout");
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn a_request_whose_answer_is_lost_is_not_sent_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let (service, verifier) = (listener.local_addr().expect("an address"), Double::verifier().await);
    // A second way to it, as where a name has several addresses: with only one NGINX would have nowhere to try again.
    let ways = format!("upstream order_status {{\n    server {service} max_fails=0;");
    let site = Site::before(service).verified_by(verifier.address).with("upstream order_status {", &ways);
    let nginx = Nginx::start(&site).await;
    // Takes each request, and breaks off.
    let taking = tokio::spawn(async move {
        let mut taken = 0;
        while let Ok(Ok((mut stream, _))) =
            tokio::time::timeout(std::time::Duration::from_secs(2), listener.accept()).await
        {
            let mut bytes = [0; 4096];
            taken += usize::from(stream.read(&mut bytes).await.is_ok_and(|count| count > 0));
        }
        taken
    });
    for method in [Method::GET, Method::POST, Method::PUT] {
        let answer = Answer::of(nginx.client().send(method, "/orders/", "t", "{}")).await;
        answer.refused(502, "service_unavailable");
    }
    assert_eq!(taking.await.expect("it took them"), 3);
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn what_a_service_refuses_passes_as_it_said_it() {
    let (_system, nginx) = System::with_edge().await;
    let client = nginx.client();
    for (request, status, code) in [
        (client.send(Method::POST, "/orders/", &token("ada"), "nonsense"), 400, "malformed_body"),
        (client.send(Method::POST, "/orders/", &token("ada"), "{}"), 422, "invalid_fields"),
        (client.send(Method::GET, "/orders/999999", &token("ada"), ""), 404, "order_not_found"),
        (client.send(Method::GET, "/orders/user/maren", &token("ada"), ""), 403, "not_authorized"),
        (client.send(Method::DELETE, "/orders/7", &token("ada"), ""), 405, "method_not_allowed"),
    ] {
        let answer = Answer::of(request).await;
        assert_eq!((answer.status, answer.json()["code"].as_str()), (status, Some(code)), "{answer:?}");
        answer.is_readable();
        assert_eq!(
            answer.json()["request_id"].as_str(),
            answer.header("x-request-id"),
            "one id for all: {answer:?}"
        );
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
    }
}

/// The connections that are kept to a service break: what is sent on new ones gets through.
#[tokio::test]
#[ignore = "needs nginx"]
async fn a_service_that_comes_back_is_asked_at_once() {
    let system = System::start().await;
    let mut site = system.site().without_rate();
    let port = site.order_status.port();
    let proxy = Proxy::start("127.0.0.1", port).await.expect("a proxy");
    site.order_status = proxy.address();
    let nginx = Nginx::start(&site).await;
    let path = format!("/orders/{}", order(&nginx.client()).await);
    proxy.set(Link::CutAfter(0));
    nginx.client().get(&path, &token("ada")).await.refused(502, "service_unavailable");
    assert_eq!(nginx.client().get(&path, &token("ada")).await.status, 200);
}
