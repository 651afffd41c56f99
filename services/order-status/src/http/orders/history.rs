//! `GET /orders/{order_id}/history`: every event of an order, oldest first, a page at a time.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use order_model::OrderId;
use serde::Serialize;
use service_kit::http::openapi::{Answer, Operation, schemas};
use service_kit::http::{ListKey, Problem, Query, json, path_param};
use service_kit::identity::Caller;

use super::OF_THIS_ORDER;
use crate::http::problems::order_not_found;
use crate::http::samples;
use crate::http::view::EventView;
use crate::state::AppState;
use crate::store::HistoryQuestion;

/// What an event takes, most of the time.
const EVENT_BYTES: usize = 320;

#[derive(Serialize)]
struct HistoryView<'a> {
    events: Vec<EventView<'a>>,
    /// The cursor of the next page, or `null` where this is the last.
    next: Option<String>,
}

/// What the document says of it.
pub(in crate::http) fn describe() -> Operation {
    let samples = samples::events();
    let events = samples.iter().map(EventView::from).collect();
    let page = HistoryView { events, next: Some(samples::cursor()) };
    let about = "Every event of an order, oldest first; the first is its making. Events never change.";
    Operation::new("get_order_history", "What happened to an order", about)
        .path("order_id", schemas::order_id("The order's id."), 7)
        .query("limit", schemas::integer("How many events a page may have; 50 if absent.", 1, 200))
        .query("after", schemas::cursor("`next` of the page before."))
        .answers(Answer::json(StatusCode::OK, "A page of events.", "History", &page).leads_to(
            "get_order_history",
            "The next page, where `next` is not `null`.",
            [OF_THIS_ORDER, ("after", "$response.body#/next")],
        ))
        .refuses([samples::wrong_order_id(), order_not_found()])
        .refuses(samples::wrong_limit())
        .refuses(samples::wrong_cursor())
}

/// Answers 200 with a page of events, or 404.
pub(in crate::http) async fn handle(
    caller: Caller,
    State(state): State<AppState>,
    path: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let order_id: OrderId = path_param("order_id", path)?;
    let mut query = Query::read(query.as_deref(), &["limit", "after"]);
    let (limit, after) = (query.limit(), query.text("after"));
    query.finish()?;
    let list = order_id.to_string();
    let parts = ["history", list.as_str()];
    let key = ListKey { epoch: state.gate.history_epoch(), parts: &parts };
    let above = after.map(|cursor| key.decode(&cursor)).transpose()?.unwrap_or(0);

    let question = HistoryQuestion { order_id, above, limit };
    let (standing, page) = state.history.ask(caller.asker, question).await?.ok_or_else(order_not_found)?;
    if !caller.identity.sees(&standing.order) {
        return Err(order_not_found());
    }

    let next = page.events.last().filter(|_| page.has_more).map(|last| key.encode(last.version));
    let view = HistoryView { events: page.events.iter().map(EventView::from).collect(), next };
    Ok(json(&view, EVENT_BYTES * (1 + view.events.len())))
}
