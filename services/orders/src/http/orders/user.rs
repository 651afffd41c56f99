//! `GET /orders/user/{user_id}`: the orders that a user wants made, paid ones unless asked otherwise.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use service_kit::http::openapi::{Operation, schemas};
use service_kit::http::{Problem, path_param};
use service_kit::identity::Caller;
use service_kit::telemetry::TraceContext;

use crate::http::list::{answer, described};
use crate::state::AppState;
use crate::store::Owner;

/// What the document says of it.
pub(in crate::http) fn describe() -> Operation {
    let about = "The orders that a user wants made. For that user and operators.";
    let owner = schemas::identity("The user's id; a slash in it is sent as `%2F`.");
    described("list_orders_of_user", "A user's orders", about, ("user_id", owner, "ada"))
}

/// Answers 200 with a page; a user that nobody knows has an empty one.
pub(in crate::http) async fn handle(
    caller: Caller,
    trace: TraceContext,
    State(state): State<AppState>,
    path: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let owner = Owner::Requester(path_param("user_id", path)?);
    answer(&state, &caller, trace, owner, query.as_deref()).await
}
