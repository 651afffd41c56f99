//! `GET /orders/created_by/{username}`: the orders that a creator makes, paid ones unless asked otherwise.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use service_kit::http::{Problem, path_param};
use service_kit::identity::Caller;

use crate::http::list::answer;
use crate::state::AppState;
use crate::store::Owner;

/// Answers 200 with a page; a creator that nobody knows has an empty one.
pub(in crate::http) async fn handle(
    caller: Caller,
    State(state): State<AppState>,
    path: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let owner = Owner::Creator(path_param("username", path)?);
    answer(&state, &caller, owner, query.as_deref()).await
}
