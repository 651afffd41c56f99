//! A collector that is away, silent or unwilling harms nobody: requests are answered as fast as ever, and what is lost is counted.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use testkit::otlp::SpanReceiver;
use testkit::wait;

use super::traced;
use crate::support::{PATIENCE, World};

const REQUESTS: usize = 200;

/// Far below the exporter's timeout, which no request may see anything of.
const SLOW: Duration = Duration::from_secs(2);

/// A service with every request traced, a queue of 16 spans, and a collector at `endpoint` that it would wait so long for.
async fn with_collector(endpoint: &str, protocol: &str, timeout_ms: &str) -> World {
    let keys = [
        ("telemetry.otlp.endpoint", endpoint),
        ("telemetry.otlp.delay_ms", "20"),
        ("telemetry.otlp.timeout_ms", timeout_ms),
        ("telemetry.otlp.protocol", protocol),
        ("telemetry.otlp.queue_spans_max", "16"),
        ("telemetry.otlp.batch_spans_max", "8"),
        ("telemetry.sampler", "always_on"),
    ];
    World::with(&keys).await
}

async fn many_requests_are_fast(world: &World) {
    let mut slowest = Duration::ZERO;
    for _ in 0..REQUESTS {
        let began = Instant::now();
        // One span each, because nothing is done for it.
        assert_eq!(world.get("/nothing").await.status, 404);
        slowest = slowest.max(began.elapsed());
    }
    assert!(slowest < SLOW, "{slowest:?}");
}

/// How many spans were lost for this reason.
async fn dropped(world: &World, reason: &str) -> u64 {
    let metrics = world.service.ops("/metrics").await.text;
    let name = format!("otlp_dropped_total{{reason=\"{reason}\"}} ");
    let line = metrics.lines().find_map(|line| line.strip_prefix(&name)).expect("the counter is there");
    line.parse().expect("a number")
}

async fn until_dropped(world: &World, reason: &str, at_least: u64) {
    let lost = || async { (dropped(world, reason).await >= at_least).then_some(()) };
    wait::until("spans are counted as lost", PATIENCE, lost).await.expect("counted");
}

#[tokio::test]
async fn a_collector_that_never_answers_fills_the_queue_and_slows_nobody() {
    for protocol in ["http/protobuf", "grpc"] {
        // Connections are taken by the system, and nobody ever reads from them.
        let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
        let endpoint = format!("http://{}", silent.local_addr().expect("an address"));
        let world = with_collector(&endpoint, protocol, "60000").await;
        many_requests_are_fast(&world).await;
        // The queue holds 16, the batch under way included, and is not emptied before the timeout.
        assert_eq!(dropped(&world, "queue_full").await, REQUESTS as u64 - 16, "{protocol}");
        assert_eq!(dropped(&world, "export_failed").await, 0, "{protocol}");
    }
}

#[tokio::test]
async fn a_collector_that_is_away_or_unwilling_costs_spans_and_no_time() {
    let unwilling = SpanReceiver::start().await.expect("a receiver");
    unwilling.answer(400);
    let away = format!("http://127.0.0.1:{}", wait::free_port().expect("a port"));
    for (endpoint, protocol) in
        [(unwilling.endpoint(), "http/protobuf"), (away.clone(), "http/protobuf"), (away, "grpc")]
    {
        let world = with_collector(&endpoint, protocol, "300").await;
        many_requests_are_fast(&world).await;
        until_dropped(&world, "export_failed", 8).await;
    }
}

#[tokio::test]
async fn a_collector_that_comes_back_gets_spans_again() {
    let (receiver, world) = traced(&[("telemetry.sampler", "always_on")]).await;
    receiver.answer(400);
    world.get("/nothing").await;
    until_dropped(&world, "export_failed", 1).await;
    receiver.answer(200);
    world.get("/orders/created_by/nobody").await;
    let is_it = |span: &testkit::otlp::ReceivedSpan| span.name.contains("created_by");
    receiver.until("a span after the outage", PATIENCE, is_it).await.expect("received");
    assert_eq!(dropped(&world, "queue_full").await, 0);
}
