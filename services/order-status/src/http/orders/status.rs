//! `GET /orders/{order_id}/status`: where an order stands, and which moves are open from there.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::ETAG;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use order_model::OrderId;
use service_kit::database::{Database, Gate};
use service_kit::http::{Problem, if_none_match, path_param};
use service_kit::identity::Caller;

use crate::http::problems::order_not_found;
use crate::http::view::{StatusView, answer, entity_tag};
use crate::store::read_standings;

/// Answers 200 with the status and its `ETag`, 304 where `If-None-Match` names that already, or 404.
pub(in crate::http) async fn handle(
    caller: Caller,
    State(database): State<Database>,
    State(gate): State<Gate>,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let order_id: OrderId = path_param("order_id", path)?;
    let found = database
        .run("status_read", move |connection| {
            Box::pin(async move { read_standings(connection, &[order_id]).await })
        })
        .await?;
    let standing = found
        .into_iter()
        .next()
        .flatten()
        .filter(|found| caller.sees(&found.order))
        .ok_or_else(order_not_found)?;

    let tag = entity_tag(&gate, standing.order.version);
    if if_none_match(&headers, tag) {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, tag.to_header())]).into_response());
    }
    Ok(answer(&StatusView::from(&standing), tag, order_id))
}
