//! What every answer has, whatever became of the request.

use std::collections::HashSet;

use super::Site;
use crate::log::Log;
use crate::wire::Reply;

#[tokio::test]
async fn a_success_is_private_and_carries_its_request_id() {
    let site = Site::start().await;
    let answer = site.ask("GET", "/things/7").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "7"));
    assert_eq!(answer.header("cache-control"), "private, no-cache");
    assert_eq!(answer.header("vary"), "Authorization");
    assert_eq!(answer.header("x-request-id"), "00000000000000000000000000000001");
}

#[tokio::test]
async fn an_unknown_path_is_a_problem_like_any_other() {
    let site = Site::start().await;
    for path in ["/", "/nothing", "/things", "/things/", "/things/7/more", "//", "/%00", "/%FF"] {
        let answer = site.ask("GET", path).await;
        answer.assert_problem(404, "unknown_path");
        let body = answer.json();
        let keys: HashSet<&str> = body.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(
            keys,
            HashSet::from(["type", "title", "status", "detail", "code", "request_id"]),
            "{path}"
        );
    }
}

#[tokio::test]
async fn both_spellings_of_a_path_answer() {
    let site = Site::start().await;
    for path in ["/things/7", "/things/7/", "/things/7?x=1", "/things/7/?x=1"] {
        assert_eq!(site.ask("GET", path).await.body, "7", "{path}");
    }
    assert_eq!(site.ask("GET", "/things/a%2Fb").await.body, "a/b");
}

#[tokio::test]
async fn another_method_is_405_and_allow_lists_those_there_are() {
    let site = Site::start().await;
    for method in ["POST", "DELETE", "PATCH", "OPTIONS", "BREW"] {
        let answer = site.ask(method, "/things/7").await;
        answer.assert_problem(405, "method_not_allowed");
        let allow: HashSet<&str> = answer.header("allow").split(',').map(str::trim).collect();
        assert_eq!(allow, HashSet::from(["GET", "HEAD", "PUT"]), "{method}");
    }
    let answer = site.ask("GET", "/form").await;
    answer.assert_problem(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), "POST");
}

#[tokio::test]
async fn head_is_answered_like_get_without_a_body() {
    let site = Site::start().await;
    let mut wire = site.wire().await;
    for path in ["/things/7", "/nothing", "/bug"] {
        let get = wire.ask("GET", path).await;
        let head = wire.ask("HEAD", path).await;
        assert_eq!(
            (head.status, head.header("content-type")),
            (get.status, get.header("content-type")),
            "{path}"
        );
        // A body would be read as the next answer, so the connection itself shows that there was none.
        assert_eq!(wire.ask("GET", "/things/8").await.body, "8");
    }
}

fn with_id(id: &str) -> String {
    format!("GET /nothing HTTP/1.1\r\nhost: test\r\nx-request-id: {id}\r\n\r\n")
}

#[tokio::test]
async fn a_sane_request_id_is_taken_and_any_other_replaced() {
    let site = Site::start().await;
    let mut wire = site.wire().await;
    let long = "x".repeat(128);
    for id in ["a", "A-1_b.c", &long] {
        wire.send(with_id(id)).await;
        let answer = wire.answer().await;
        answer.assert_problem(404, "unknown_path");
        assert_eq!(answer.header("x-request-id"), id);
    }
    let longer = "x".repeat(129);
    for id in ["", "a b", "a\tb", "a;b", "{\"a\":1}", "ü", &longer] {
        wire.send(with_id(id)).await;
        let answer = wire.answer().await;
        answer.assert_problem(404, "unknown_path");
        assert_eq!(answer.header("x-request-id").len(), 32, "{id}");
    }
}

#[track_caller]
fn assert_fixed(answer: &Reply) {
    answer.assert_problem(500, "internal");
    let detail = answer.json()["detail"].as_str().map(str::to_owned);
    assert_eq!(
        detail.as_deref(),
        Some("Something went wrong on our side; quote the request id when you report it")
    );
    assert!(!answer.body.contains("planted"), "{}", answer.body);
}

#[tokio::test]
async fn a_panic_is_a_fixed_500_and_the_connection_lives_on() {
    let log = Log::start();
    let site = Site::start().await;
    let mut wire = site.wire().await;
    for (path, cause) in [("/panic/text", "planted-text"), ("/panic/number", "panicked")] {
        let answer = wire.ask("GET", path).await;
        assert_fixed(&answer);
        assert_eq!(wire.ask("GET", "/things/7").await.body, "7");
        let id = answer.header("x-request-id");
        let line = log.requests().into_iter().find(|line| line["request_id"] == id).expect("a line");
        assert!(line["cause"].as_str().is_some_and(|text| text.contains(cause)), "{line}");
        assert_eq!((&line["level"], &line["status"]), (&"ERROR".into(), &500.into()));
    }
}

#[tokio::test]
async fn a_bugs_cause_is_in_the_log_and_not_in_the_answer() {
    let log = Log::start();
    let site = Site::start().await;
    let answer = site.ask("GET", "/bug").await;
    assert_fixed(&answer);
    let [line] = log.requests().try_into().expect("one line");
    assert_eq!(line["cause"], "planted-cause");
    assert_eq!(line["code"], "internal");
    assert_eq!(line["request_id"], answer.header("x-request-id"));
}

#[tokio::test]
async fn a_dependency_away_says_when_to_come_again() {
    let site = Site::start().await;
    let answer = site.ask("GET", "/away").await;
    answer.assert_problem(503, "overloaded");
    assert_eq!(answer.header("retry-after"), "3");
    assert_eq!(answer.json()["retry_after_seconds"], 3);
}

#[tokio::test]
async fn a_log_line_has_the_route_and_nothing_of_the_caller() {
    let log = Log::start();
    let site = Site::start().await;
    let mut wire = site.wire().await;
    wire.send("GET /things/planted/?q=planted HTTP/1.1\r\nhost: planted\r\nauthorization: planted\r\nuser-agent: planted\r\n\r\n").await;
    assert_eq!(wire.answer().await.status, 200);
    wire.ask("GET", "/planted").await;
    wire.ask("PLANTED", "/things/7").await;
    wire.send(with_id("planted\x0b")).await;
    wire.ended().await;
    let lines = log.requests();
    assert_eq!(lines[0]["route"], "/things/{id}", "both spellings are one route");
    assert_eq!(lines[1]["route"], "unmatched");
    assert_eq!(lines[2]["method"], "other");
    assert!(lines[0]["duration_ms"].is_number());
    let ours: String = log
        .text()
        .lines()
        .filter(|line| line.contains("service_kit") || line.contains("\"request\""))
        .collect();
    assert!(!ours.to_lowercase().contains("planted"), "{ours}");
}

#[tokio::test]
async fn what_callers_invent_adds_no_series() {
    let site = Site::start().await;
    let mut wire = site.wire().await;
    for (method, path) in
        [("GET", "/nothing"), ("BREW", "/nothing"), ("GET", "/things/7"), ("BREW", "/things/7")]
    {
        wire.ask(method, path).await;
    }
    let series = |text: String| -> HashSet<String> {
        let names = text.lines().filter_map(|line| line.rsplit_once(' ')).map(|(name, _)| name.to_owned());
        names.filter(|name| name.starts_with("http_")).collect()
    };
    let before = series(site.metrics.render());
    assert!(before.iter().any(|name| name.contains("route=\"/things/{id}\"")), "{before:?}");
    for number in 0..100 {
        wire.ask("GET", &format!("/nothing/{number}")).await;
        wire.ask("GET", &format!("/things/{number}/?{number}")).await;
        wire.ask(&format!("BREW{number}"), &format!("/things/{number}")).await;
        wire.ask(&format!("BREW{number}"), &format!("/nothing/{number}")).await;
    }
    assert_eq!(series(site.metrics.render()), before);
}
