//! The log: which route, never which path; and nothing else by which somebody could be known.

use reqwest::Method;

use crate::client::Answer;
use crate::double::Double;
use crate::nginx::{Nginx, Site, free_address};

/// What must not be found anywhere in what the edge writes.
const PLANTED: [&str; 6] =
    ["ada-planted", "987654321", "cursor-planted", "token-planted", "agent-planted", "127.0.0.1"];

async fn ask(nginx: &Nginx, method: Method, path: &str, id: &str, body: String) {
    let request =
        nginx.client().request(method, path).bearer_auth("token-planted").header("x-request-id", id);
    let request = request.header("user-agent", "agent-planted").header("cookie", "session=ada-planted");
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let _ = Answer::attempt(request.header("traceparent", trace).body(body)).await;
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn a_line_names_the_route_and_neither_path_nor_caller_whatever_went_wrong() {
    let (verifier, service) = (Double::verifier().await, Double::start(200, &[]).await);
    let site = |at| Site::before(at).verified_by(verifier.address).without_rate();
    let sound = Nginx::start(&site(service.address)).await;
    let broken = Nginx::start(&site(free_address())).await;
    let unverified = Nginx::start(&site(service.address).verified_by(free_address())).await;
    let limited = Site::before(service.address).verified_by(verifier.address);
    let limited = Nginx::start(&limited.with("rate=50r/s", "rate=1r/m").with("burst=100 nodelay", "")).await;

    let large = "a".repeat(70_000);
    let routes = [
        (Method::POST, "/orders/?x=ada-planted", "/orders"),
        (Method::GET, "/orders?after=cursor-planted", "/orders"),
        (Method::GET, "/orders/987654321", "/orders/{order_id}"),
        (Method::GET, "/orders/987654321/status/?x=ada-planted", "/orders/{order_id}/status"),
        (Method::PUT, "/orders/987654321/update", "/orders/{order_id}/update"),
        (Method::GET, "/orders/987654321/history?after=cursor-planted", "/orders/{order_id}/history"),
        (Method::GET, "/orders/user/ada-planted?after=cursor-planted", "/orders/user/{user_id}"),
        (Method::GET, "/orders/user/ada-planted%2Fb/", "/orders/user/{user_id}"),
        (Method::GET, "/orders/created_by/ada-planted", "/orders/created_by/{username}"),
        (Method::GET, "/orders/987654321/status/ada-planted", "unmatched"),
        (Method::GET, "/ada-planted?x=987654321", "unmatched"),
    ];
    for (number, (method, path, route)) in routes.into_iter().enumerate() {
        for (nginx, name, body) in [
            (&sound, "sound", String::new()),
            (&sound, "large", large.clone()),
            (&broken, "broken", String::new()),
            (&unverified, "unverified", String::new()),
            (&limited, "limited", String::new()),
        ] {
            let id = format!("{name}-{number}");
            ask(nginx, method.clone(), path, &id, body).await;
            let line = nginx.logged(&id).await;
            assert_eq!((&line["route"], &line["method"]), (&route.into(), &method.as_str().into()), "{line}");
            assert_eq!(line["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736", "{line}");
        }
    }
    assert_eq!(broken.logged("broken-0").await["service_status"], "502");
    assert_eq!(unverified.logged("unverified-0").await["verifier_status"], "502");
    assert_eq!(sound.logged("large-0").await["status"], 413);
    assert_eq!(limited.logged("limited-5").await["status"], 429);
    for nginx in [&sound, &broken, &unverified, &limited] {
        let written = nginx.written();
        for planted in PLANTED {
            assert!(!written.contains(planted), "{planted} is in {written}");
        }
    }
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn a_method_and_an_id_that_somebody_made_up_are_not_theirs_to_write() {
    let behind = Double::start(200, &[("x-user-id", "ada")]).await;
    let nginx = Nginx::start(&Site::before(behind.address)).await;
    let made_up = Method::from_bytes(b"PLANTED").expect("a method");
    for (method, id) in [(made_up, "sane-1"), (Method::GET, "no id\t\"at all"), (Method::GET, "x-planted,{}")]
    {
        let request = nginx.client().request(method, "/orders").header("x-request-id", id);
        let answer = Answer::of(request).await;
        let told = answer.header("x-request-id").expect("an id").to_owned();
        assert_eq!(told == id, id == "sane-1", "{answer:?}");
        assert_eq!(behind.arrived().last().expect("a request").all("x-request-id"), [told.as_str()]);
        nginx.logged(&told).await;
    }
    let line = nginx.logged("sane-1").await;
    assert_eq!(line["method"], "other", "{line}");
    assert!(!nginx.written().to_lowercase().contains("planted"), "{}", nginx.written());
}
