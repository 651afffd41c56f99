//! What holds for every route: paths and methods that are not there, request ids. The shape of problems is checked
//! with every answer, in `support::answer`.

use reqwest::Method;
use serde_json::json;

use crate::support::raw::Raw;
use crate::support::{Answer, App, BUYER, MAKER};

#[tokio::test]
async fn an_unknown_path_is_404_in_the_same_shape() {
    let app = App::start().await;
    for path in
        ["/", "/order", "/orders/1/2", "/orders/1/status/x", "/Orders", "//orders", "/livez", "/metrics"]
    {
        app.get(path).await.refused(404, "unknown_path", "There is nothing at this path");
    }
}

#[tokio::test]
async fn another_method_is_405_and_says_which_there_are() {
    let app = App::start().await;
    let routes = [
        ("/orders", "POST"),
        ("/orders/", "POST"),
        ("/orders/1", "GET,HEAD"),
        ("/orders/1/", "GET,HEAD"),
        ("/orders/1/status", "GET,HEAD"),
        ("/orders/1/status/", "GET,HEAD"),
        ("/orders/1/update", "PUT"),
        ("/orders/1/update/", "PUT"),
    ];
    for (path, allowed) in routes {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"] {
            if allowed.contains(method) {
                continue;
            }
            let answer = Answer::of(app.request(Method::from_bytes(method.as_bytes()).unwrap(), path)).await;
            let detail = "This path does not take that method; Allow lists those it takes";
            answer.refused(405, "method_not_allowed", detail);
            assert_eq!(answer.header("allow"), Some(allowed), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_sane_request_id_is_kept_on_success_and_on_refusal() {
    let app = App::start().await;
    let order_id = app.order().await;
    let longest = "x".repeat(128);
    for id in ["a", "A-1_b.c", &longest] {
        for path in [format!("/orders/{order_id}"), "/orders/999".to_owned(), "/nothing".to_owned()] {
            let answer = Answer::of(app.request(Method::GET, &path).header("x-request-id", id)).await;
            assert_eq!(answer.header("x-request-id"), Some(id), "{path}");
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn any_other_request_id_is_replaced_by_one_of_our_own() {
    let app = App::start().await;
    let too_long = "x".repeat(129);
    let mut made = Vec::new();
    for id in ["", "a b", "a;b", "a\tb", "ü", "a/b", "{\"a\":1}", &too_long] {
        let answer = Answer::of(app.request(Method::GET, "/orders/999").header("x-request-id", id)).await;
        let ours = answer.header("x-request-id").unwrap().to_owned();
        assert_ne!(ours, id);
        assert!(ours.len() == 32 && ours.bytes().all(|byte| byte.is_ascii_hexdigit()), "{ours}");
        made.push(ours);
    }
    made.sort_unstable();
    made.dedup();
    assert_eq!(made.len(), 8, "no id is given twice");
}

#[tokio::test]
async fn a_connection_serves_one_request_after_another() {
    let app = App::start().await;
    let mut raw = Raw::connect(app.address).await;
    for _ in 0..3 {
        raw.send("GET /orders/1/status HTTP/1.1\r\nhost: a\r\n\r\n").await;
        let answer = raw.answer().await.expect("an answer");
        assert_eq!(answer.status, 404);
        assert!(answer.body.contains("\"Order not found\""), "{answer:?}");
        assert!(!answer.head.contains("connection: close"), "{answer:?}");
    }
}

#[tokio::test]
async fn a_body_without_a_length_is_read_all_the_same() {
    let app = App::start().await;
    let body = json!({"requester_id": BUYER, "created_by": MAKER}).to_string();
    let (one, other) = body.split_at(10);
    let mut raw = Raw::connect(app.address).await;
    raw.send("POST /orders HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n").await;
    raw.send(format!("{:x}\r\n{one}\r\n{:x}\r\n{other}\r\n0\r\n\r\n", one.len(), other.len())).await;
    assert_eq!(raw.answer().await.map(|answer| answer.status), Some(201));
    app.finish().await;
}
