//! `GET /orders/{order_id}`: a whole order.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use order_model::{OrderId, Stage};
use service_kit::http::openapi::{Answer, Operation, schemas};
use service_kit::http::{Problem, path_param};
use service_kit::identity::Caller;

use super::{conditional, leads_to_update};
use crate::http::problems::order_not_found;
use crate::http::samples;
use crate::http::view::{OrderView, answer_read, entity_tag};
use crate::state::AppState;

/// What the document says of it.
pub(in crate::http) fn describe() -> Operation {
    let sample = samples::record(Stage::Created, 1);
    let order = sample.as_ref().map(OrderView::from);
    let about = "For its two parties and operators; for anybody else it does not exist. With `If-None-Match` a poll costs little.";
    let operation = Operation::new("get_order", "A whole order", about)
        .path("order_id", schemas::order_id("The order's id."), 7)
        .answers(leads_to_update(Answer::json(StatusCode::OK, "The order.", "Order", &order).with(["etag"])));
    conditional(operation).refuses([samples::wrong_order_id(), order_not_found()])
}

/// Answers 200 with the order and its `ETag`, 304 where `If-None-Match` names that already, or 404.
pub(in crate::http) async fn handle(
    caller: Caller,
    State(state): State<AppState>,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let order_id: OrderId = path_param("order_id", path)?;
    let record = state
        .order
        .ask(caller.asker, order_id)
        .await?
        .filter(|found| caller.identity.sees(&found.order))
        .ok_or_else(order_not_found)?;
    let tag = entity_tag(&state.gate, record.order.version);
    Ok(answer_read(&headers, tag, || OrderView::from(&record)))
}
