//! Presentation: parse, ask, answer.

pub mod documents;
mod list;
mod orders;
mod samples;
mod schemas;

use axum::Router;
use service_kit::http::openapi::Api;
use service_kit::identity::AuthMode;

use crate::state::AppState;
use orders::{created_by, user};

/// The routes of the service, each with what the document says of it.
fn api(mode: AuthMode) -> Api<AppState> {
    documents::api(mode).get("/orders/user/{user_id}", user::handle, user::describe()).get(
        "/orders/created_by/{username}",
        created_by::handle,
        created_by::describe(),
    )
}

/// The routes of the service, with its document for this mode.
pub(crate) fn routes(state: AppState, mode: AuthMode) -> Router {
    api(mode).into_routes().with_state(state)
}
