//! A receiver of spans, as an exporter or a collector sees it: OTLP as protobuf over HTTP. What it was sent, a test may look at.

mod collector;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind, status::StatusCode as SpanStatus};
use prost::Message;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::wait::{self, TimedOut};
pub use collector::{Collector, CollectorTls};

/// A span that was received, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedSpan {
    /// In hex, as in `traceparent`.
    pub trace_id: String,
    /// In hex.
    pub span_id: String,
    /// In hex; empty where it has none.
    pub parent_span_id: String,
    /// Its name.
    pub name: String,
    /// `server`, `client`, or another.
    pub kind: String,
    /// What is said of it.
    pub attributes: BTreeMap<String, String>,
    /// The ids of the traces and spans that it is linked to.
    pub links: Vec<(String, String)>,
    /// Whether it is said to have failed.
    pub is_error: bool,
    /// Its `tracestate`.
    pub state: String,
    /// What is said of the process.
    pub resource: BTreeMap<String, String>,
    /// How long it took.
    pub took: Duration,
}

#[derive(Default)]
struct Seen {
    status: AtomicU16,
    spans: Mutex<Vec<ReceivedSpan>>,
    headers: Mutex<Vec<HeaderMap>>,
}

/// A running receiver. It is gone with this value.
pub struct SpanReceiver {
    address: SocketAddr,
    seen: Arc<Seen>,
    serving: JoinHandle<()>,
}

impl SpanReceiver {
    /// Starts one on a free port.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let seen = Arc::new(Seen { status: 200.into(), ..Seen::default() });
        let routes = Router::new().route("/v1/traces", post(receive)).with_state(Arc::clone(&seen));
        let serving = tokio::spawn(async move {
            // It ends with the test, and a test that needs it fails by itself.
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self { address, seen, serving })
    }

    /// Its address, as an endpoint.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers with this status from now on. Only with 200 it keeps what it is sent.
    pub fn answer(&self, status: u16) {
        self.seen.status.store(status, Ordering::SeqCst);
    }

    /// All spans so far.
    pub fn spans(&self) -> Vec<ReceivedSpan> {
        self.seen.spans.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The headers of each batch so far, also of those that were refused.
    pub fn headers(&self) -> Vec<HeaderMap> {
        self.seen.headers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until a span came that `is_it` recognises.
    pub async fn until(
        &self,
        what: &str,
        deadline: Duration,
        is_it: impl Fn(&ReceivedSpan) -> bool,
    ) -> Result<ReceivedSpan, TimedOut> {
        wait::until(what, deadline, || async { self.spans().into_iter().find(|span| is_it(span)) }).await
    }
}

impl Drop for SpanReceiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn receive(State(seen): State<Arc<Seen>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    seen.headers.lock().unwrap_or_else(PoisonError::into_inner).push(headers);
    let status = StatusCode::from_u16(seen.status.load(Ordering::SeqCst)).unwrap_or(StatusCode::OK);
    if status != StatusCode::OK {
        return status;
    }
    let Ok(request) = ExportTraceServiceRequest::decode(body) else { return StatusCode::BAD_REQUEST };
    let mut spans = seen.spans.lock().unwrap_or_else(PoisonError::into_inner);
    for group in request.resource_spans {
        let resource = words(group.resource.map(|resource| resource.attributes).unwrap_or_default());
        let received = group.scope_spans.into_iter().flat_map(|scope| scope.spans);
        spans.extend(received.map(|span| in_words(span, resource.clone())));
    }
    status
}

fn in_words(span: Span, resource: BTreeMap<String, String>) -> ReceivedSpan {
    ReceivedSpan {
        trace_id: hex(&span.trace_id),
        span_id: hex(&span.span_id),
        parent_span_id: hex(&span.parent_span_id),
        kind: match span.kind() {
            SpanKind::Server => "server".to_owned(),
            SpanKind::Client => "client".to_owned(),
            other => other.as_str_name().to_lowercase(),
        },
        links: span.links.iter().map(|link| (hex(&link.trace_id), hex(&link.span_id))).collect(),
        is_error: span.status.is_some_and(|status| status.code() == SpanStatus::Error),
        took: Duration::from_nanos(span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano)),
        name: span.name,
        attributes: words(span.attributes),
        state: span.trace_state,
        resource,
    }
}

fn words(attributes: Vec<KeyValue>) -> BTreeMap<String, String> {
    attributes.into_iter().map(|attribute| (attribute.key, word(attribute.value))).collect()
}

fn word(value: Option<AnyValue>) -> String {
    match value.and_then(|value| value.value) {
        Some(any_value::Value::StringValue(text)) => text,
        Some(any_value::Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}
