//! What a client may send and how slowly, and that nothing it invents grows the metrics.

use reqwest::Method;
use serde_json::{Value, json};
use testkit::wait;

use crate::identity::callers::{CREATOR, Mode, OPERATOR, REQUESTER, STRANGER, Who};
use crate::support::raw::Raw;
use crate::support::{Answer, App, PATIENCE};

#[tokio::test]
async fn a_flood_in_one_header_is_431_and_others_are_served_meanwhile() {
    let app = App::start().await;
    let mut raw = Raw::connect(app.address).await;
    raw.send("GET /orders/1 HTTP/1.1\r\nhost: a\r\n").await;
    raw.send(format!("x-flood: {}\r\n\r\n", "x".repeat(500_000))).await;
    let answer = raw.answer().await.expect("an answer");
    assert_eq!((answer.status, answer.body.as_str()), (431, ""), "{answer:?}");
    assert!(raw.is_closed().await);
    assert_eq!(app.get("/orders/1").await.status, 404);
}

#[tokio::test]
async fn headers_over_32_kib_are_431() {
    let app = App::start().await;
    let mut raw = Raw::connect(app.address).await;
    raw.send(format!("GET /orders/1 HTTP/1.1\r\nhost: a\r\nx-large: {}\r\n\r\n", "x".repeat(40_000))).await;
    assert_eq!(raw.answer().await.map(|answer| answer.status), Some(431));
}

#[tokio::test]
async fn a_flood_of_small_headers_is_431() {
    let app = App::start().await;
    let mut raw = Raw::connect(app.address).await;
    raw.send(format!("GET /orders/1 HTTP/1.1\r\nhost: a\r\n{}\r\n", "x-a: b\r\n".repeat(2_000))).await;
    assert_eq!(raw.answer().await.map(|answer| answer.status), Some(431));
}

#[tokio::test]
async fn headers_within_the_limit_are_served() {
    let app = App::start().await;
    let mut raw = Raw::connect(app.address).await;
    raw.send(format!("GET /orders/1 HTTP/1.1\r\nhost: a\r\nx-large: {}\r\n\r\n", "x".repeat(30_000))).await;
    assert_eq!(raw.answer().await.map(|answer| answer.status), Some(404));
}

#[tokio::test]
async fn headers_that_do_not_arrive_in_time_close_the_connection_without_a_word() {
    let app = App::start_with(&[("ATELIER_HTTP__HEADER_TIMEOUT_MS", "200")]).await;
    let mut raw = Raw::connect(app.address).await;
    raw.send("GET /orders/1 HTTP/1.1\r\nhost: a\r\n").await;
    assert!(raw.answer().await.is_none(), "an answer to half a request");
    let mut silent = Raw::connect(app.address).await;
    assert!(silent.is_closed().await);
}

#[tokio::test]
async fn a_body_that_does_not_arrive_in_time_is_408() {
    let app = App::start_with(&[("ATELIER_HTTP__BODY_TIMEOUT_MS", "200")]).await;
    let mut raw = Raw::connect(app.address).await;
    raw.send("POST /orders HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{\"requester_id\":").await;
    let answer = raw.answer().await.expect("an answer");
    let problem: Value = serde_json::from_str(&answer.body).expect("a problem");
    assert_eq!((answer.status, &problem["code"]), (408, &Value::from("request_timeout")), "{answer:?}");
    assert_eq!(problem["detail"], "The body did not arrive in time; send it again");
    assert!(answer.head.contains("content-type: application/problem+json"), "{answer:?}");
    assert!(raw.is_closed().await, "the rest of the body would be taken for a request");
}

#[tokio::test]
async fn a_body_cut_short_is_no_order() {
    let app = App::start().await;
    let mut raw = Raw::connect(app.address).await;
    let body = r#"{"order_id":7,"requester_id":"a","created_by":"b"}"#;
    raw.send(format!("POST /orders HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{body}")).await;
    drop(raw);
    app.until_active(0.0).await;
    assert_eq!(app.get("/orders/7").await.status, 404);
    app.finish().await;
}

#[tokio::test]
async fn five_megabytes_store_nothing_and_leave_the_service_as_it_was() {
    let app = App::start().await;
    let name = "x".repeat(5_000_000);
    let body = format!(r#"{{"order_id":7,"requester_id":"{name}","created_by":"b"}}"#);
    // Beyond the first mebibyte the sender may be cut off before it reads the answer.
    if let Ok(answer) = Answer::unchecked(app.request(Method::POST, "/orders").body(body)).await {
        assert_eq!(answer.status, 413, "{answer:?}");
    }
    assert_eq!(app.get("/orders/7").await.status, 404);
}

#[tokio::test]
async fn connections_over_the_limit_wait_and_are_served_when_one_ends() {
    let app = App::start_with(&[("ATELIER_HTTP__CONNECTIONS_MAX", "2")]).await;
    let mut held = Raw::connect(app.address).await;
    let mut other = Raw::connect(app.address).await;
    for raw in [&mut held, &mut other] {
        raw.send("GET /orders/1 HTTP/1.1\r\nhost: a\r\n\r\n").await;
        assert_eq!(raw.answer().await.map(|answer| answer.status), Some(404));
    }
    let mut waiting = Raw::connect(app.address).await;
    waiting.send("GET /orders/1 HTTP/1.1\r\nhost: a\r\n\r\n").await;
    drop(held);
    assert_eq!(waiting.answer().await.map(|answer| answer.status), Some(404));
}

#[tokio::test]
async fn three_hundred_urls_and_invented_methods_add_no_series() {
    let app = App::start().await;
    let metric = "http_server_request_duration_seconds_count";
    for (method, path) in
        [("GET", "/orders/1"), ("GET", "/orders/1/status"), ("GET", "/nothing"), ("BREW", "/nothing")]
    {
        Answer::of(app.request(Method::from_bytes(method.as_bytes()).unwrap(), path)).await;
    }
    let names = |series: Vec<(String, f64)>| series.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    let before = app.series(metric).await;
    let counted: f64 = before.iter().map(|(_, value)| value).sum();
    for number in 0..75 {
        app.get(&format!("/orders/{}", 1000 + number)).await;
        app.get(&format!("/orders/{}/status/", 1000 + number)).await;
        app.get(&format!("/nothing/{number}?a={number}")).await;
        let method = Method::from_bytes(format!("BREW{number}").as_bytes()).unwrap();
        Answer::of(app.request(method, &format!("/pots/{number}"))).await;
    }
    let after = app.series(metric).await;
    let counted_since: f64 = after.iter().map(|(_, value)| value).sum();
    assert!(
        (counted_since - counted - 300.0).abs() < 0.5,
        "each request is counted: {counted} then {counted_since}"
    );
    assert_eq!(names(after), names(before));
}

#[tokio::test]
async fn outcomes_are_counted_by_closed_labels() {
    let app = App::start().await;
    let order_id = app.order().await;
    assert_eq!(app.buyer(order_id, "requested", true).await.status, 200);
    assert_eq!(app.buyer(order_id, "requested", true).await.status, 200);
    assert_eq!(app.buyer(order_id, "paid", true).await.status, 409);
    let expected = [
        (r#"order_transitions_total{outcome="done",role="requester",state_type="requested"}"#, 1.0),
        (r#"order_transitions_total{outcome="refused",role="none",state_type="paid"}"#, 1.0),
        (r#"order_transitions_total{outcome="unchanged",role="none",state_type="requested"}"#, 1.0),
    ];
    let expected: Vec<(String, f64)> =
        expected.iter().map(|&(name, value)| (name.to_owned(), value)).collect();
    assert_eq!(app.series("order_transitions_total").await, expected);
    assert_eq!(
        app.series("orders_created_total").await,
        [(r#"orders_created_total{outcome="done"}"#.to_owned(), 1.0)]
    );
    app.finish().await;
}

/// Three requests at once, and one more each second.
const THREE_REQUESTS: [(&str, &str); 2] =
    [("ATELIER_LIMITS__CALLER_REQUESTS_PER_SECOND", "1"), ("ATELIER_LIMITS__CALLER_BURST_REQUESTS", "3")];

/// Asks until the answer is 429.
async fn until_limited<F: Future<Output = Answer>>(ask: impl Fn() -> F) {
    let limited = || async {
        let answer = ask().await;
        (answer.status == 429).then_some(answer)
    };
    let answer = wait::until("the limit is reached", PATIENCE, limited).await.expect("it is");
    let detail = "You ask more often than this service allows; wait, then try again";
    let problem = answer.refused(429, "rate_limited", detail);
    assert_eq!((answer.header("retry-after"), &problem["retry_after_seconds"]), (Some("1"), &json!(1)));
}

#[tokio::test]
async fn a_caller_who_asks_too_often_is_429_and_told_when_to_come_again() {
    let app = App::start_with(&THREE_REQUESTS).await;
    for _ in 0..3 {
        assert_eq!(app.get("/orders/1").await.status, 404);
    }
    until_limited(|| app.get("/orders/1")).await;
    let again = || async { (app.get("/orders/1").await.status == 404).then_some(()) };
    wait::until("there is room again", PATIENCE, again).await.expect("there is");
    app.until_ready().await;
}

#[tokio::test]
async fn a_verified_caller_who_asks_too_often_limits_nobody_else_at_the_same_address() {
    let app = App::start_with(&[Mode::Token.settings(), &THREE_REQUESTS].concat()).await;
    let ask = |who| {
        let request = Mode::Token.sign(who, app.request(Method::GET, "/orders/1"));
        async { Answer::of(request).await }
    };
    until_limited(|| ask(Some(REQUESTER))).await;
    for who in [STRANGER, CREATOR, OPERATOR] {
        for _ in 0..3 {
            assert_eq!(ask(Some(who)).await.status, 404, "{}", who.user_id);
        }
    }
    // Requests of somebody unknown count for the address that they come from, and that hinders nobody who is known.
    until_limited(|| ask(None)).await;
    let beyond = Who { user_id: "another", ..STRANGER };
    assert_eq!(ask(Some(beyond)).await.status, 404);
}

#[tokio::test]
async fn a_body_that_announces_more_than_would_be_read_is_413_at_once() {
    let app = App::start().await;
    let mut raw = Raw::connect(app.address).await;
    raw.send("POST /orders HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 99999999999\r\n\r\n")
        .await;
    assert_eq!(raw.answer().await.map(|answer| answer.status), Some(413));
}
