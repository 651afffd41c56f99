//! The accept loop: what it takes from a client, for how long, and from how many.

use std::time::{Duration, Instant};

use service_kit::http::HttpConfig;

use super::{ROOMY, Site};
use crate::wire::Wire;

const HEADERS_MAX: usize = 32 * 1024;
const SHORT: Duration = Duration::from_millis(250);

async fn hasty_site() -> Site {
    Site::with(HttpConfig { header_timeout_ms: 250, ..ROOMY }, Duration::from_secs(30)).await
}

/// A request whose head has so many bytes, spread over headers of at most 8 KiB.
fn head_of(bytes: usize) -> String {
    let mut head = "GET /things/7 HTTP/1.1\r\nhost: test\r\n".to_owned();
    while head.len() + 2 < bytes {
        let room = (bytes - head.len() - 2).min(8192);
        let room = if (bytes - head.len() - 2 - room) < 8 { bytes - head.len() - 2 } else { room };
        head.extend(["x-a: ", &"y".repeat(room - 7), "\r\n"]);
    }
    head.push_str("\r\n");
    assert_eq!(head.len(), bytes);
    head
}

#[tokio::test]
async fn headers_below_32_kib_are_taken() {
    let site = Site::start().await;
    let mut wire = site.wire().await;
    for bytes in [8 * 1024, 16 * 1024, HEADERS_MAX - 512] {
        wire.send(head_of(bytes)).await;
        assert_eq!(wire.answer().await.status, 200, "{bytes}");
    }
}

#[tokio::test]
async fn headers_over_32_kib_are_431_and_others_are_served() {
    let site = Site::start().await;
    for bytes in [2 * HEADERS_MAX, 4 * HEADERS_MAX] {
        let mut wire = site.wire().await;
        wire.try_send(head_of(bytes)).await;
        assert_eq!(wire.answer().await.status, 431, "{bytes}");
        wire.ended().await;
    }
    let mut wire = site.wire().await;
    let many = "x-a: y\r\n".repeat(200);
    wire.send(format!("GET /things/7 HTTP/1.1\r\nhost: test\r\n{many}\r\n")).await;
    assert_eq!(wire.answer().await.status, 431);
    assert_eq!(site.ask("GET", "/things/7").await.status, 200);
}

#[tokio::test]
async fn headers_a_little_over_32_kib_are_431_too() {
    let site = Site::start().await;
    for bytes in [HEADERS_MAX + 1024, HEADERS_MAX + 8192, HEADERS_MAX + 16384] {
        let mut wire = site.wire().await;
        wire.try_send(head_of(bytes)).await;
        assert_eq!(wire.answer().await.status, 431, "{bytes} bytes of headers");
    }
}

#[tokio::test]
async fn slow_headers_are_closed_in_silence() {
    let site = hasty_site().await;
    for part in ["", "G", "GET /things/7 HTTP/1.1\r\nhost: te"] {
        let mut wire = site.wire().await;
        let began = Instant::now();
        wire.send(part).await;
        assert_eq!(wire.ended().await, b"", "{part:?}");
        let took = began.elapsed();
        assert!(took < SHORT + Duration::from_secs(1), "{part:?}: {took:?}");
    }
}

#[tokio::test]
async fn dripping_headers_are_closed_too() {
    let site = hasty_site().await;
    let mut wire = site.wire().await;
    wire.send("GET /things/7 HTTP/1.1\r\n").await;
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    let began = Instant::now();
    while wire.try_send("x").await {
        ticks.tick().await;
        assert!(began.elapsed() < Duration::from_secs(5), "it is still listened to");
    }
    assert!(began.elapsed() >= SHORT);
}

#[tokio::test]
async fn a_connection_that_has_nothing_more_to_say_is_closed() {
    let site = hasty_site().await;
    let mut wire = site.wire().await;
    assert_eq!(wire.ask("GET", "/things/7").await.status, 200);
    assert_eq!(wire.ended().await, b"");
}

#[tokio::test]
async fn one_connection_carries_many_requests() {
    let site = Site::start().await;
    let mut wire = site.wire().await;
    for number in 0..50 {
        assert_eq!(wire.ask("GET", &format!("/things/{number}")).await.body, number.to_string());
    }
    let request = |number: u32| format!("GET /things/{number} HTTP/1.1\r\nhost: test\r\n\r\n");
    wire.send((0..20).map(request).collect::<Vec<_>>().concat()).await;
    for number in 0..20 {
        assert_eq!(wire.answer().await.body, number.to_string());
    }
    wire.send("GET /things/7 HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").await;
    assert_eq!(wire.answer().await.header("connection"), "close");
    assert_eq!(wire.ended().await, b"");
}

#[tokio::test]
async fn what_is_no_http_is_400_and_closed() {
    let site = Site::start().await;
    for junk in [
        "\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nbad header\r\n\r\n",
    ] {
        let mut wire = site.wire().await;
        wire.send(junk).await;
        let said = String::from_utf8_lossy(&wire.ended().await).into_owned();
        assert!(
            said.is_empty() || said.starts_with("HTTP/1.1 400") || said.starts_with("HTTP/1.1 505"),
            "{said}"
        );
    }
    assert_eq!(site.ask("GET", "/things/7").await.status, 200);
}

#[tokio::test]
async fn a_request_that_two_servers_would_cut_differently_is_refused() {
    let site = Site::start().await;
    for framing in [
        "content-length: 5\r\ncontent-length: 6\r\n",
        "content-length: +2\r\n",
        "content-length: -1\r\n",
        "transfer-encoding: chunked, identity\r\n",
        "transfer-encoding: xchunked\r\n",
    ] {
        let mut wire = site.wire().await;
        wire.send(format!("POST /form HTTP/1.1\r\nhost: test\r\n{framing}\r\n{{}}GET /things/7 HTTP/1.1\r\nhost: test\r\n\r\n")).await;
        let said = String::from_utf8_lossy(&wire.ended().await).into_owned();
        assert!(said.starts_with("HTTP/1.1 400"), "{framing}: {said}");
        assert_eq!(said.matches("HTTP/1.1").count(), 1, "{framing}: {said}");
    }
}

#[tokio::test]
async fn further_connections_wait_until_there_is_a_place() {
    let site = Site::with(HttpConfig { connections_max: 2, ..ROOMY }, Duration::from_secs(30)).await;
    let mut first = site.wire().await;
    let mut second = site.wire().await;
    for wire in [&mut first, &mut second] {
        assert_eq!(wire.ask("GET", "/things/7").await.status, 200);
    }
    let mut third = site.wire().await;
    third.send("GET /things/8 HTTP/1.1\r\nhost: test\r\n\r\n").await;
    assert!(third.is_silent_for(Duration::from_millis(300)).await, "it was let in");
    assert_eq!(second.ask("GET", "/things/7").await.status, 200);
    drop(first);
    assert_eq!(third.answer().await.body, "8");
}

#[tokio::test]
async fn idle_connections_hinder_nobody() {
    let site = Site::start().await;
    let mut idle = Vec::new();
    while idle.len() < 500 {
        let mut wire = Wire::connect(site.address).await;
        wire.send("GET /things").await;
        idle.push(wire);
    }
    let began = Instant::now();
    assert_eq!(site.ask("GET", "/things/7").await.status, 200);
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}
