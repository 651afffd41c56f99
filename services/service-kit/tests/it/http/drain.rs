//! Stopping: who is let in no more, who may finish, and for how long.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::task::yield_now;
use tokio::time::timeout;

use super::{ROOMY, Site};
use crate::wire::{PATIENCE, Wire};

impl Site {
    /// A connection with a request that waits at the gate.
    async fn at_the_gate(&self) -> Wire {
        let before = self.waiting.load(Ordering::SeqCst);
        let mut wire = self.wire().await;
        wire.send("GET /gate HTTP/1.1\r\nhost: test\r\n\r\n").await;
        let arrived = async {
            while self.waiting.load(Ordering::SeqCst) == before {
                yield_now().await;
            }
        };
        timeout(PATIENCE, arrived).await.expect("it arrives at the gate");
        wire
    }

    async fn refuses_connections(&self) {
        let refused = async { while TcpStream::connect(self.address).await.is_ok() {} };
        timeout(PATIENCE, refused).await.expect("nobody is let in");
    }

    async fn served(self) {
        timeout(PATIENCE, self.serving).await.expect("it ends").expect("without a panic");
    }
}

#[tokio::test]
async fn requests_in_flight_finish_and_say_that_the_connection_closes() {
    let site = Site::start().await;
    let mut waiting = Vec::new();
    for _ in 0..5 {
        waiting.push(site.at_the_gate().await);
    }
    site.stop.cancel();
    site.refuses_connections().await;
    assert!(!site.serving.is_finished(), "it waits for them");
    site.gate.add_permits(5);
    for mut wire in waiting {
        let answer = wire.answer().await;
        assert_eq!((answer.status, answer.header("connection")), (200, "close"));
        assert_eq!(wire.ended().await, b"");
    }
    site.served().await;
}

#[tokio::test]
async fn the_drain_deadline_is_kept_to_and_then_nobody_is_served_any_more() {
    let drain = Duration::from_millis(300);
    let site = Site::with(ROOMY, drain).await;
    let mut waiting = site.at_the_gate().await;
    let (gate, began) = (Arc::clone(&site.gate), Instant::now());
    site.stop.cancel();
    site.served().await;
    let took = began.elapsed();
    assert!(took >= drain && took < drain + Duration::from_secs(1), "{took:?}");
    gate.add_permits(1);
    assert_eq!(waiting.ended().await, b"", "it was cut off");
}

#[tokio::test]
async fn before_it_stops_each_answer_ends_its_connection_and_new_ones_are_served() {
    let site = Site::start().await;
    let mut kept = site.wire().await;
    assert_eq!(kept.ask("GET", "/things/7").await.header("connection"), "");
    let mut waiting = site.at_the_gate().await;
    site.leaving.begin();
    site.gate.add_permits(1);
    let mut new = site.wire().await;
    let answers =
        [waiting.answer().await, kept.ask("GET", "/things/7").await, new.ask("GET", "/nothing").await];
    let said = answers.each_ref().map(|answer| (answer.status, answer.header("connection")));
    assert_eq!(said, [(200, "close"), (200, "close"), (404, "close")]);
    for mut wire in [waiting, kept, new] {
        assert_eq!(wire.ended().await, b"");
    }
    assert!(!site.serving.is_finished());
}

#[tokio::test]
async fn idle_connections_are_closed_at_once() {
    let site = Site::start().await;
    let mut served_before = site.wire().await;
    assert_eq!(served_before.ask("GET", "/things/7").await.status, 200);
    let mut silent = site.wire().await;
    // The silent one is accepted once a later one is served.
    assert_eq!(site.ask("GET", "/things/7").await.status, 200);
    let began = Instant::now();
    site.stop.cancel();
    assert_eq!(served_before.ended().await, b"");
    assert_eq!(silent.ended().await, b"");
    site.served().await;
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

#[tokio::test]
async fn without_connections_it_ends_at_once() {
    let site = Site::start().await;
    let began = Instant::now();
    site.stop.cancel();
    site.served().await;
    assert!(began.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn a_full_house_can_be_stopped() {
    let config = service_kit::http::HttpConfig { connections_max: 1, ..ROOMY };
    let site = Site::with(config, Duration::from_secs(30)).await;
    let mut waiting = site.at_the_gate().await;
    site.stop.cancel();
    site.refuses_connections().await;
    site.gate.add_permits(1);
    assert_eq!(waiting.answer().await.status, 200);
    site.served().await;
}
