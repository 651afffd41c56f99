//! Presentation: parse, identify, answer. Rules and SQL are elsewhere.

pub mod documents;
mod lifecycle;
mod orders;
mod problems;
mod samples;
mod schemas;
pub(crate) mod view;
mod writable;

use axum::Router;
use service_kit::http::openapi::Api;
use service_kit::identity::AuthMode;

use crate::state::AppState;
use orders::{create, get, history, status, update};

/// The routes of the service, each with what the document says of it.
fn api(mode: AuthMode) -> Api<AppState> {
    documents::api(mode)
        .post("/orders/", create::handle, create::describe())
        .get("/orders/{order_id}", get::handle, get::describe())
        .get("/orders/{order_id}/status", status::handle, status::describe())
        .get("/orders/{order_id}/history", history::handle, history::describe())
        .put("/orders/{order_id}/update", update::handle, update::describe())
}

/// The routes of the service, with its document for this mode.
pub(crate) fn routes(state: AppState, mode: AuthMode) -> Router {
    api(mode).into_routes().with_state(state)
}
