//! `GET /orders/{order_id}`: a whole order.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use order_model::OrderId;
use service_kit::database::{Database, Gate};
use service_kit::http::{Problem, path_param};
use service_kit::identity::Caller;

use crate::http::problems::order_not_found;
use crate::http::view::{OrderView, answer, entity_tag};
use crate::store::read_orders;

/// Answers 200 with the order and its `ETag`, or 404.
pub(in crate::http) async fn handle(
    caller: Caller,
    State(database): State<Database>,
    State(gate): State<Gate>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let order_id: OrderId = path_param("order_id", path)?;
    let found = database
        .run("order_read", move |connection| {
            Box::pin(async move { read_orders(connection, &[order_id]).await })
        })
        .await?;
    let record = found
        .into_iter()
        .next()
        .flatten()
        .filter(|found| caller.sees(&found.order))
        .ok_or_else(order_not_found)?;
    Ok(answer(&OrderView::from(&record), entity_tag(&gate, record.order.version), order_id))
}
