//! Presentation: parse, identify, answer. Rules and SQL are elsewhere.

mod orders;
mod problems;
mod view;

use axum::Router;
use axum::routing::{get, post, put};
use service_kit::http::both_spellings;

use crate::state::AppState;

/// The routes of the service.
pub(crate) fn routes(state: AppState) -> Router {
    let router = Router::new();
    let router = both_spellings(router, "/orders", post(orders::create::handle));
    let router = both_spellings(router, "/orders/{order_id}", get(orders::get::handle));
    let router = both_spellings(router, "/orders/{order_id}/status", get(orders::status::handle));
    let router = both_spellings(router, "/orders/{order_id}/history", get(orders::history::handle));
    let router = both_spellings(router, "/orders/{order_id}/update", put(orders::update::handle));
    router.with_state(state)
}
