//! Reading bodies, within their limits and in their time.

use std::time::{Duration, Instant};

use serde_json::json;
use service_kit::http::HttpConfig;

use super::{ROOMY, Site};
use crate::wire::Wire;

const JSON: &str = "content-type: application/json\r\n";
const LIMIT: usize = 64 * 1024;

/// A form of so many bytes.
fn form_of(bytes: usize) -> String {
    let frame = r#"{"name":""}"#.len();
    format!(r#"{{"name":"{}"}}"#, "x".repeat(bytes - frame))
}

#[tokio::test]
async fn a_body_may_have_64_kib_and_not_a_byte_more() {
    let site = Site::start().await;
    let mut wire = site.wire().await;
    let answer = wire.post("/form", JSON, form_of(LIMIT)).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "65525 None"));
    let answer = wire.post("/form", JSON, form_of(LIMIT + 1)).await;
    answer.assert_problem(413, "body_too_large");
}

#[tokio::test]
async fn the_sender_of_a_large_body_gets_to_read_the_413() {
    let site = Site::start().await;
    for bytes in [100_000, 500_000, 1_000_000] {
        site.wire().await.post("/form", JSON, form_of(bytes)).await.assert_problem(413, "body_too_large");
    }
}

#[tokio::test]
async fn a_body_without_end_is_answered_too() {
    let site = Site::start().await;
    let mut wire = site.wire().await;
    wire.send(format!("POST /form HTTP/1.1\r\nhost: test\r\n{JSON}transfer-encoding: chunked\r\n\r\n")).await;
    let chunk = format!("4000\r\n{}\r\n", " ".repeat(0x4000));
    let mut sent = 0;
    while sent < 64 * 1024 * 1024 && wire.try_send(&chunk).await {
        sent += chunk.len();
    }
    assert!(sent < 32 * 1024 * 1024, "the server went on reading");
}

#[tokio::test]
async fn a_chunked_body_is_read() {
    let site = Site::start().await;
    let mut wire = site.wire().await;
    wire.send(format!("POST /form HTTP/1.1\r\nhost: test\r\n{JSON}transfer-encoding: chunked\r\n\r\n")).await;
    wire.send("9\r\n{\"name\": \r\n7\r\n\"four\"}\r\n0\r\n\r\n").await;
    assert_eq!(wire.answer().await.body, "4 None");
}

#[tokio::test]
async fn only_json_is_taken() {
    let site = Site::start().await;
    let mut wire = site.wire().await;
    for kind in [
        "application/json",
        "APPLICATION/JSON",
        "application/json; charset=utf-8",
        "application/merge-patch+json",
    ] {
        let answer = wire.post("/form", &format!("content-type: {kind}\r\n"), "{}").await;
        assert_eq!(answer.status, 200, "{kind}");
    }
    assert_eq!(wire.post("/form", "", "{}").await.status, 200, "a body may come without a type");
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/json",
        "json",
        "",
    ] {
        let answer = site.wire().await.post("/form", &format!("content-type: {kind}\r\n"), "{}").await;
        answer.assert_problem(415, "unsupported_media_type");
    }
}

#[tokio::test]
async fn what_is_no_json_is_400_and_json_of_another_shape_422() {
    let site = Site::start().await;
    let mut wire = site.wire().await;
    for body in [
        "",
        " ",
        "{",
        "{'name': 1}",
        "{\"name\": }",
        "{} {}",
        "nul",
        "\u{feff}{}",
        "{\"name\": \"\n\"}",
        "{\"a\":1,}",
    ] {
        wire.post("/form", JSON, body).await.assert_problem(400, "malformed_body");
    }
    wire.post("/form", JSON, b"{\"name\": \"\xFF\"}").await.assert_problem(400, "malformed_body");
    for body in ["null", "[]", "7", "\"text\"", "true"] {
        wire.post("/form", JSON, body).await.assert_problem(422, "invalid_fields");
    }
}

#[tokio::test]
async fn every_wrong_field_is_named_in_one_answer() {
    let site = Site::start().await;
    let mut wire = site.wire().await;
    let answer = wire.post("/form", JSON, r#"{"flag": "yes", "count": -1, "name": "\ud800"}"#).await;
    answer.assert_problem(422, "invalid_fields");
    let errors = answer.json()["errors"].clone();
    let mut fields: Vec<&str> =
        errors.as_array().expect("a list").iter().filter_map(|error| error["field"].as_str()).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["count", "flag", "name"]);
    let answer = wire.post("/form", JSON, r#"{"flag": 1}"#).await;
    assert_eq!(answer.json()["errors"], json!([{ "field": "flag", "message": "must be true or false" }]));
}

#[tokio::test]
async fn a_body_that_is_nested_without_end_is_refused() {
    let site = Site::start().await;
    let deep = format!(r#"{{"name": {}{}}}"#, "[".repeat(30_000), "]".repeat(30_000));
    let answer = site.wire().await.post("/form", JSON, deep).await;
    assert!([400, 422].contains(&answer.status), "{}", answer.status);
}

async fn slow_site() -> Site {
    Site::with(HttpConfig { body_timeout_ms: 200, ..ROOMY }, Duration::from_secs(30)).await
}

async fn begin(wire: &mut Wire, length: usize) {
    wire.send(format!("POST /form HTTP/1.1\r\nhost: test\r\n{JSON}content-length: {length}\r\n\r\n")).await;
}

#[tokio::test]
async fn a_body_that_does_not_come_is_408_at_its_deadline() {
    let site = slow_site().await;
    for part in ["", "{\"na"] {
        let mut wire = site.wire().await;
        let began = Instant::now();
        begin(&mut wire, 20).await;
        wire.send(part).await;
        wire.answer().await.assert_problem(408, "request_timeout");
        let took = began.elapsed();
        assert!(took >= Duration::from_millis(200) && took < Duration::from_millis(1200), "{took:?}");
        // What may still come of the body must not be read as the next request.
        assert_eq!(wire.ended().await, b"");
    }
}

#[tokio::test]
async fn a_dripping_body_is_408_too() {
    let site = slow_site().await;
    let mut wire = site.wire().await;
    begin(&mut wire, 1000).await;
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    for _ in 0..30 {
        ticks.tick().await;
        if !wire.try_send(" ").await {
            break;
        }
    }
    wire.answer().await.assert_problem(408, "request_timeout");
}

#[tokio::test]
async fn a_sender_who_leaves_in_mid_body_harms_nobody() {
    let site = Site::start().await;
    for _ in 0..20 {
        let mut wire = site.wire().await;
        begin(&mut wire, 20).await;
        wire.send("{\"na").await;
    }
    assert_eq!(site.wire().await.post("/form", JSON, "{}").await.status, 200);
}
