//! The span of a statement that serves many requests: in whose trace it lies, and how the others find it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use service_kit::clock::Clock;
use service_kit::http::{Edge, RequestIds, wrap};
use service_kit::lifecycle::Leaving;
use service_kit::metrics::{HttpMetrics, Metrics};
use service_kit::telemetry::{
    LogConfig, LogFormat, OtlpConfig, OtlpProtocol, RequestLog, RequestLogMode, RequestSpan, Sampler,
    TelemetryConfig, Tracer, statement_span,
};
use testkit::otlp::SpanReceiver;
use tower::ServiceExt;

use crate::log::unkeyed_audit;

const PATIENCE: Duration = Duration::from_secs(20);

/// A tracer that follows the caller, and the routes of a handler that keeps the spans of its requests.
struct World {
    receiver: SpanReceiver,
    routes: Router,
    kept: Arc<Mutex<Vec<RequestSpan>>>,
}

impl World {
    async fn start() -> Self {
        service_kit::tls::install_provider();
        let receiver = SpanReceiver::start().await.expect("a receiver");
        let metrics = Metrics::new("test");
        let config = telemetry(receiver.endpoint());
        let tracer = Tracer::start("test", &config, &metrics, Clock::system()).await.expect("a tracer");
        let kept: Arc<Mutex<Vec<RequestSpan>>> = Arc::default();
        let keep = Arc::clone(&kept);
        let handler = get(move |span: RequestSpan| async move { keep.lock().expect("kept").push(span) });
        let log = LogConfig {
            level: "info".to_owned(),
            format: LogFormat::Json,
            requests: RequestLogMode::None,
            slow_request_ms: 0,
        };
        let edge = Edge {
            request_ids: RequestIds::counting(),
            metrics: HttpMetrics::new(&metrics),
            log: RequestLog::new(&log),
            audit: unkeyed_audit(),
            tracer,
            leaving: Leaving::default(),
        };
        Self { receiver, routes: wrap(Router::new().route("/", handler), edge), kept }
    }

    /// Asks with each of these as `traceparent`, and gives what the handler got.
    async fn asked(&self, parents: &[&str]) -> Vec<RequestSpan> {
        for parent in parents {
            let request = axum::http::Request::get("/").header("traceparent", *parent);
            let request = request.body(axum::body::Body::empty()).expect("a request");
            assert_eq!(self.routes.clone().oneshot(request).await.expect("an answer").status(), 200);
        }
        std::mem::take(&mut *self.kept.lock().expect("kept"))
    }

    /// The span of the request of that trace.
    async fn request(&self, trace_id: &str) -> String {
        let is_it = |span: &testkit::otlp::ReceivedSpan| span.name == "GET /" && span.trace_id == trace_id;
        self.receiver.until("the request's span", PATIENCE, is_it).await.expect("received").span_id
    }
}

fn telemetry(endpoint: String) -> TelemetryConfig {
    TelemetryConfig {
        disabled: false,
        service_name: None,
        resource_attributes: None,
        sampler: Sampler::ParentBasedAlwaysOff,
        trace_ratio: 0.0,
        otlp: OtlpConfig {
            endpoint: Some(endpoint),
            traces_endpoint: None,
            protocol: OtlpProtocol::HttpProtobuf,
            headers: None,
            headers_file: None,
            ca_file: None,
            cert_file: None,
            key_file: None,
            timeout_ms: 5000,
            delay_ms: 20,
            batch_spans_max: 16,
            queue_spans_max: 64,
            flush_ms: 5000,
        },
    }
}

const FIRST: &str = "11111111111111111111111111111111";
const SECOND: &str = "22222222222222222222222222222222";
const CHOSEN_FIRST: &str = "00-11111111111111111111111111111111-aaaaaaaaaaaaaaaa-01";
const CHOSEN_SECOND: &str = "00-22222222222222222222222222222222-bbbbbbbbbbbbbbbb-01";
const NOT_CHOSEN: &str = "00-33333333333333333333333333333333-cccccccccccccccc-00";

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_lies_in_the_trace_of_its_first_chosen_request_and_is_linked_to_each() {
    let world = World::start().await;
    let requests = world.asked(&[NOT_CHOSEN, CHOSEN_FIRST, CHOSEN_SECOND]).await;
    let mut statement = statement_span("status_read", requests).expect("a span");
    statement.failed("deadline");
    drop(statement);
    let statement =
        world.receiver.until("the statement", PATIENCE, |span| span.name == "status_read").await.unwrap();
    let (first, second) = (world.request(FIRST).await, world.request(SECOND).await);
    assert_eq!((statement.trace_id.as_str(), &statement.parent_span_id), (FIRST, &first));
    assert_eq!(statement.links, [(FIRST.to_owned(), first), (SECOND.to_owned(), second)]);
    assert_eq!((statement.kind.as_str(), statement.is_error), ("client", true));
    let expected =
        [("db.operation.batch.size", "3"), ("db.system.name", "postgresql"), ("error.type", "deadline")];
    assert_eq!(statement.attributes, expected.map(|(name, value)| (name.into(), value.into())).into());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_statement_of_one_request_is_its_child_and_nothing_else() {
    let world = World::start().await;
    drop(statement_span("orders_list", world.asked(&[CHOSEN_FIRST]).await));
    let statement =
        world.receiver.until("the statement", PATIENCE, |span| span.name == "orders_list").await.unwrap();
    assert_eq!((statement.trace_id.as_str(), statement.parent_span_id), (FIRST, world.request(FIRST).await));
    assert!(statement.links.is_empty() && !statement.is_error, "{:?}", statement.links);
    assert_eq!(statement.attributes, [("db.system.name".into(), "postgresql".into())].into());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_for_requests_that_nobody_chose_has_no_span() {
    let world = World::start().await;
    let requests = world.asked(&[NOT_CHOSEN, NOT_CHOSEN]).await;
    assert_eq!(requests.len(), 2);
    assert!(statement_span("status_read", requests).is_none());
    assert!(statement_span("status_read", []).is_none());
}
