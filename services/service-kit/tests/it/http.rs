//! The HTTP edge on a real socket, with a few routes of the tests' own.

mod body;
mod drain;
mod edge;
mod server;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use service_kit::config::Listen;
use service_kit::http::{Edge, Form, HttpConfig, Problem, RequestIds, Server, both_spellings, codes, wrap};
use service_kit::lifecycle::Leaving;
use service_kit::metrics::{HttpMetrics, Metrics};
use service_kit::telemetry::{LogConfig, LogFormat, RequestLog, RequestLogMode, Tracer};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::log::unkeyed_audit;
use crate::wire::{Reply, Wire};

/// A running server. It ends with the test's runtime.
struct Site {
    address: SocketAddr,
    metrics: Metrics,
    /// Lets answers out of `/gate`, one a permit.
    gate: Arc<Semaphore>,
    /// Counts who waits at `/gate`.
    waiting: Arc<std::sync::atomic::AtomicUsize>,
    leaving: Leaving,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

/// Limits that no test meets by accident.
pub(crate) const ROOMY: HttpConfig =
    HttpConfig { header_timeout_ms: 30_000, body_timeout_ms: 30_000, connections_max: 1000 };

impl Site {
    async fn start() -> Self {
        Self::with(ROOMY, Duration::from_secs(30)).await
    }

    async fn with(config: HttpConfig, drain: Duration) -> Self {
        let listen = Listen::try_from("127.0.0.1:0".to_owned()).expect("an address");
        let server = Server::bind(&listen, &config).await.expect("a port");
        let address = server.address();
        let metrics = Metrics::new("test");
        let log = RequestLog::new(&LogConfig {
            level: "info".to_owned(),
            format: LogFormat::Json,
            requests: RequestLogMode::All,
            slow_request_ms: 0,
        });
        let leaving = Leaving::default();
        let edge = Edge {
            request_ids: RequestIds::counting(),
            metrics: HttpMetrics::new(&metrics),
            log,
            audit: unkeyed_audit(),
            tracer: Tracer::off(),
            leaving: leaving.clone(),
        };
        let (gate, stop) = (Arc::new(Semaphore::new(0)), CancellationToken::new());
        let waiting = Arc::default();
        let form = Form::new(Duration::from_millis(config.body_timeout_ms));
        let routes = wrap(routes(Arc::clone(&gate), Arc::clone(&waiting), form), edge);
        let serving = tokio::spawn(server.serve(routes, stop.clone(), drain));
        Self { address, metrics, gate, waiting, leaving, stop, serving }
    }

    async fn wire(&self) -> Wire {
        Wire::connect(self.address).await
    }

    /// One request on a connection of its own.
    async fn ask(&self, method: &str, path: &str) -> Reply {
        self.wire().await.ask(method, path).await
    }
}

#[derive(Debug, thiserror::Error)]
#[error("planted-cause")]
struct Planted;

fn routes(gate: Arc<Semaphore>, waiting: Arc<std::sync::atomic::AtomicUsize>, form: Form) -> Router {
    let wait = move || async move {
        waiting.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        match gate.acquire().await {
            Ok(permit) => permit.forget(),
            Err(_) => return StatusCode::INTERNAL_SERVER_ERROR,
        }
        StatusCode::OK
    };
    let read = move |request: Request| async move { answer_form(&form, request).await };
    let router = Router::new()
        .route("/panic/text", get(|| async { panics("planted-text") }))
        .route("/panic/number", get(panics_with_a_number))
        .route("/bug", get(|| async { Problem::internal(Planted) }))
        .route("/away", get(|| async { Problem::new(codes::OVERLOADED, "Come again").with_retry_after(3) }))
        .route("/gate", get(wait))
        .route("/form", post(read));
    let things = get(|Path(id): Path<String>| async move { id }).put(|| async { "put" });
    both_spellings(router, "/things/{id}", things)
}

fn panics(text: &str) -> &'static str {
    assert!(text.is_empty(), "{text}");
    "no panic"
}

async fn panics_with_a_number() -> &'static str {
    std::panic::resume_unwind(Box::new(7_u8))
}

async fn answer_form(form: &Form, request: Request) -> Result<Response, Problem> {
    let mut fields = form.read(request).await?;
    let name = fields.take("name");
    let flag = fields.boolean("flag");
    if fields.take("count").is_some_and(|count| !count.is_u64()) {
        fields.refuse("count", "must be a whole number");
    }
    fields.finish()?;
    let size = name.as_ref().and_then(serde_json::Value::as_str).map_or(0, str::len);
    Ok(format!("{size} {flag:?}").into_response())
}
