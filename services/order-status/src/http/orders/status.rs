//! `GET /orders/{order_id}/status`: where an order stands, and which moves are open from there.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use order_model::OrderId;
use service_kit::http::openapi::{Answer, Operation, schemas};
use service_kit::http::{Problem, path_param};
use service_kit::identity::Caller;

use super::{conditional, leads_to_update};
use crate::http::problems::order_not_found;
use crate::http::samples;
use crate::http::view::{StatusView, answer_read, entity_tag};
use crate::state::AppState;

/// What the document says of it.
pub(in crate::http) fn describe() -> Operation {
    let sample = samples::standing();
    let status = sample.as_ref().map(StatusView::from);
    let about = "Where an order stands, and each move that the ladder allows from there. With `If-None-Match` a poll costs little.";
    let operation = Operation::new("get_order_status", "Where an order stands", about)
        .path("order_id", schemas::order_id("The order's id."), 7)
        .answers(leads_to_update(
            Answer::json(StatusCode::OK, "The status.", "Status", &status).with(["etag"]),
        ));
    conditional(operation).refuses([samples::wrong_order_id(), order_not_found()])
}

/// Answers 200 with the status and its `ETag`, 304 where `If-None-Match` names that already, or 404.
pub(in crate::http) async fn handle(
    caller: Caller,
    State(state): State<AppState>,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let order_id: OrderId = path_param("order_id", path)?;
    let standing = state
        .standing
        .ask(caller.asker, order_id)
        .await?
        .filter(|found| caller.identity.sees(&found.order))
        .ok_or_else(order_not_found)?;

    let tag = entity_tag(&state.gate, standing.order.version);
    Ok(answer_read(&headers, tag, || StatusView::from(&standing)))
}
