//! The ops listener: `/livez`, `/readyz`, `/metrics`, `/version`; `PUT /read-only` and `PUT /loglevel` from this machine. For the cluster and for Prometheus; no ingress may expose it.

use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use axum::{Json, Router};

use crate::chain::chain;
use crate::database::{Build, ReadOnly};
use crate::http::PeerAddress;
use crate::metrics::Metrics;
use crate::readiness::Readiness;
use crate::telemetry::{LevelError, set_level};

/// What the ops routes show.
#[derive(Clone)]
pub struct Ops {
    /// What it is, and of which schema.
    pub build: Build,
    /// Its metrics.
    pub metrics: Metrics,
    /// Its conditions.
    pub readiness: Readiness,
    /// Whether writes are refused.
    pub read_only: ReadOnly,
}

/// The routes of the ops listener.
pub fn routes(ops: Ops) -> Router {
    let observed = observed(ops.build, ops.metrics.clone(), ops.readiness.clone());
    Router::new()
        .route("/read-only", put(read_only))
        .route("/loglevel", put(log_level))
        .with_state(ops)
        .merge(observed)
}

/// Those that only show, for a process that has nothing to switch.
pub fn observed(build: Build, metrics: Metrics, readiness: Readiness) -> Router {
    Router::new()
        // The process only: a database that is away is no reason to kill it.
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz).with_state(readiness))
        .route("/metrics", get(render).with_state(metrics))
        .route("/version", get(move || async move { version(build) }))
}

async fn readyz(State(readiness): State<Readiness>) -> Response {
    let report = readiness.report();
    let status = if report.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(report)).into_response()
}

async fn render(State(metrics): State<Metrics>) -> Response {
    ([(CONTENT_TYPE, prometheus::TEXT_FORMAT)], metrics.render()).into_response()
}

fn version(build: Build) -> Response {
    Json(serde_json::json!({
        "service": build.service,
        "version": env!("CARGO_PKG_VERSION"),
        "schema": build.schema,
    }))
    .into_response()
}

/// That a request comes from this machine: whoever may forward a port to the process may switch it, the cluster's other pods may not.
struct FromHere;

impl<S: Send + Sync> FromRequestParts<S> for FromHere {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let peer = parts.extensions.get::<PeerAddress>();
        let is_here = peer.is_some_and(|PeerAddress(address)| address.ip().to_canonical().is_loopback());
        let refusal = (StatusCode::FORBIDDEN, "only from this machine: kubectl port-forward\n");
        is_here.then_some(Self).ok_or(refusal)
    }
}

/// Takes `true` or `false`.
async fn read_only(_: FromHere, State(ops): State<Ops>, Json(is_on): Json<bool>) -> Response {
    ops.read_only.set(is_on);
    Json(ops.readiness.report()).into_response()
}

/// Takes what `log.level` takes, as a JSON text; it holds until the process ends.
async fn log_level(_: FromHere, Json(level): Json<String>) -> Response {
    match set_level(&level) {
        Ok(()) => Json(serde_json::json!({ "level": level })).into_response(),
        Err(error @ LevelError::Level(_)) => {
            (StatusCode::BAD_REQUEST, format!("{}\n", chain(&error))).into_response()
        }
        Err(error @ LevelError::NotStarted) => {
            (StatusCode::CONFLICT, format!("{}\n", chain(&error))).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use tower::ServiceExt;

    use super::*;

    async fn levelled_from(peer: &str) -> StatusCode {
        let (metrics, readiness) = (Metrics::new("test"), Readiness::default());
        let read_only = ReadOnly::new(false, readiness.clone());
        let mut request = Request::put("/loglevel").header(CONTENT_TYPE, "application/json");
        request.extensions_mut().unwrap().insert(PeerAddress(peer.parse().unwrap()));
        let request = request.body(Body::from("\"debug\"")).unwrap();
        routes(Ops { build: Build::of("test"), metrics, readiness, read_only })
            .oneshot(request)
            .await
            .unwrap()
            .status()
    }

    #[tokio::test]
    async fn only_this_machine_may_change_the_level() {
        // This process has no log to change, which is as far as anybody from here gets.
        assert_eq!(levelled_from("127.0.0.1:9").await, StatusCode::CONFLICT);
        assert_eq!(levelled_from("10.0.0.7:9").await, StatusCode::FORBIDDEN);
    }

    async fn switched_from(peer: &str) -> (StatusCode, bool) {
        let readiness = Readiness::default();
        let read_only = ReadOnly::new(false, readiness.clone());
        let ops = Ops {
            build: Build::of("test"),
            metrics: Metrics::new("test"),
            readiness,
            read_only: read_only.clone(),
        };
        let mut request = Request::put("/read-only").header(CONTENT_TYPE, "application/json");
        let extensions = request.extensions_mut().unwrap();
        extensions.insert(PeerAddress(peer.parse().unwrap()));
        let answer = routes(ops).oneshot(request.body(Body::from("true")).unwrap()).await.unwrap();
        (answer.status(), read_only.is_on())
    }

    #[tokio::test]
    async fn only_this_machine_may_switch_to_read_only() {
        for peer in ["127.0.0.1:9", "[::1]:9", "[::ffff:127.0.0.1]:9"] {
            assert_eq!(switched_from(peer).await, (StatusCode::OK, true), "{peer}");
        }
        for peer in ["10.0.0.7:9", "[2001:db8::1]:9", "[::ffff:10.0.0.7]:9"] {
            assert_eq!(switched_from(peer).await, (StatusCode::FORBIDDEN, false), "{peer}");
        }
    }
}
