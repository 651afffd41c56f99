//! What the edge refuses itself: each a problem, with its id, that a page that may call can read. And bodies near their limit.

use reqwest::Method;
use serde_json::json;

use crate::ORIGIN;
use crate::client::{Answer, raw};
use crate::double::Double;
use crate::nginx::{Nginx, Site};
use crate::system::{System, token};

/// As the services have it.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// An edge that lets everybody in, and what stands behind it: a verifier and a service.
async fn edge() -> (Nginx, Double, Double) {
    let (verifier, service) = (Double::verifier().await, Double::start(200, &[]).await);
    let nginx = Nginx::start(&Site::before(service.address).verified_by(verifier.address)).await;
    (nginx, verifier, service)
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn nothing_but_orders_is_there() {
    let (nginx, verifier, service) = edge().await;
    for path in [
        "/",
        "/docs",
        "/openapi.json",
        "/livez",
        "/readyz",
        "/metrics",
        "/version",
        "/read-only",
        "/loglevel",
        "/auth/verify",
        "/verify",
        "/problem",
        "/order",
        "/ordersx",
        "/.git/config",
        "/index.html",
    ] {
        nginx.client().get(path, "t").await.refused(404, "unknown_path");
    }
    let upwards = b"GET /orders/../metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    assert!(raw(nginx.address, upwards).await.starts_with("HTTP/1.1 404 "));
    let reached = [verifier.arrived(), service.arrived()].concat();
    assert!(reached.is_empty(), "{reached:?}");
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn what_cannot_be_read_as_a_request_is_refused_in_words() {
    let (nginx, _verifier, service) = edge().await;
    let origin = format!("Origin: {ORIGIN}\r\nConnection: close\r\n");
    let long = "a".repeat(9000);
    let many = format!("X-A: {}\r\n", "a".repeat(4000)).repeat(12);
    for (request, status, code) in [
        (format!("GET /orders HTTP/1.1\r\n{origin}\r\n"), 400, "malformed_request"),
        (format!("GET /orders HTTP/1.1\r\nHost: a\r\nHost: b\r\n{origin}\r\n"), 400, "malformed_request"),
        (format!("GET /orders/%00 HTTP/1.1\r\nHost: a\r\n{origin}\r\n"), 400, "malformed_request"),
        (
            format!("PUT /orders HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n{origin}\r\n"),
            400,
            "malformed_request",
        ),
        ("nonsense\r\n\r\n".to_owned(), 400, "malformed_request"),
        (format!("TRACE /orders HTTP/1.1\r\nHost: a\r\n{origin}\r\n"), 405, "method_not_allowed"),
        (format!("GET /orders/{long} HTTP/1.1\r\nHost: a\r\n{origin}\r\n"), 414, "uri_too_long"),
        (format!("GET /orders HTTP/1.1\r\nHost: a\r\nX-A: {long}\r\n{origin}\r\n"), 431, "headers_too_large"),
        (format!("GET /orders HTTP/1.1\r\nHost: a\r\n{many}{origin}\r\n"), 431, "headers_too_large"),
        (
            format!("PUT /orders HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x\r\n{origin}\r\n"),
            501,
            "malformed_request",
        ),
    ] {
        let said = raw(nginx.address, request.as_bytes()).await;
        let shown = &request[..request.len().min(60)];
        assert!(said.starts_with(&format!("HTTP/1.1 {status} ")), "{shown}: {said}");
        for part in [
            "Content-Type: application/problem+json",
            "X-Request-Id: ",
            "Cache-Control: no-store",
            "Vary: Origin",
        ] {
            assert!(said.contains(part), "{shown}: {part} is not in {said}");
        }
        assert!(
            said.contains(&format!(r#""status":{status},"#)) && said.contains(&format!(r#""code":"{code}""#)),
            "{said}"
        );
        // What broke off before its headers were read has no origin.
        let has_headers = !matches!(status, 414 | 431) && request.contains("Origin");
        let is_first = said.contains("Access-Control-Allow-Origin");
        assert!(is_first || !has_headers || status == 400, "{shown}: {said}");
    }
    assert!(service.arrived().is_empty(), "{:?}", service.arrived());
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn a_body_of_the_limit_is_taken_and_one_byte_more_is_refused_by_the_edge() {
    let (_system, nginx) = System::with_edge().await;
    let client = nginx.client();
    let of = |bytes: usize| {
        let body = json!({ "requester_id": "ada", "created_by": "maren" }).to_string();
        format!("{body}{}", " ".repeat(bytes - body.len()))
    };
    let send = |body: String| client.send(Method::POST, "/orders/", &token("ada"), &body);
    assert_eq!(Answer::of(send(of(BODY_BYTES_MAX))).await.status, 201);
    Answer::of(send(of(BODY_BYTES_MAX + 1))).await.refused(413, "body_too_large");
    Answer::of(send(of(900 * 1024))).await.refused(413, "body_too_large");
    // Who is not known is not told more, and is not read on.
    let nobody =
        client.request(Method::POST, "/orders/").header("origin", ORIGIN).body(of(BODY_BYTES_MAX + 1));
    Answer::of(nobody).await.refused(413, "body_too_large");
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn a_body_that_does_not_say_how_long_it_is_is_held_to_the_same_limit() {
    let (nginx, _verifier, service) = edge().await;
    let in_pieces = |bytes: usize| {
        let piece = |bytes: usize| format!("{bytes:x}\r\n{}\r\n", "a".repeat(bytes));
        let body = piece(1024).repeat(bytes / 1024)
            + &if bytes.is_multiple_of(1024) { String::new() } else { piece(bytes % 1024) };
        format!(
            "POST /orders/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nOrigin: {ORIGIN}\r\n\r\n{body}0\r\n\r\n"
        )
    };
    let taken = raw(nginx.address, in_pieces(BODY_BYTES_MAX).as_bytes()).await;
    assert!(taken.starts_with("HTTP/1.1 200 "), "{taken}");
    assert_eq!(service.one().body_bytes, BODY_BYTES_MAX);
    let refused = raw(nginx.address, in_pieces(BODY_BYTES_MAX + 1).as_bytes()).await;
    assert!(refused.starts_with("HTTP/1.1 413 ") && refused.contains("body_too_large"), "{refused}");
    assert!(refused.contains(&format!("Access-Control-Allow-Origin: {ORIGIN}")), "{refused}");
    assert_eq!(service.arrived().len(), 1);
}
