//! The ops listener: `/livez`, `/readyz`, `/metrics`, `/version`. For the cluster and for Prometheus; no ingress may expose it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};

use crate::metrics::Metrics;
use crate::readiness::Readiness;

/// What the ops routes show.
#[derive(Clone)]
pub struct Ops {
    /// The binary's name.
    pub service: &'static str,
    /// Its metrics.
    pub metrics: Metrics,
    /// Its conditions.
    pub readiness: Readiness,
}

/// The routes of the ops listener.
pub fn routes(ops: Ops) -> Router {
    Router::new()
        // The process only: a database that is away is no reason to kill it.
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/version", get(version))
        .with_state(ops)
}

async fn readyz(State(ops): State<Ops>) -> Response {
    let report = ops.readiness.report();
    let status = if report.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(report)).into_response()
}

async fn metrics(State(ops): State<Ops>) -> Response {
    ([(CONTENT_TYPE, prometheus::TEXT_FORMAT)], ops.metrics.render()).into_response()
}

async fn version(State(ops): State<Ops>) -> Response {
    Json(serde_json::json!({
        "service": ops.service,
        "version": env!("CARGO_PKG_VERSION"),
        "schema": crate::database::APP_SCHEMA,
    }))
    .into_response()
}
