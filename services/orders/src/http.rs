//! Presentation: parse, ask, answer.

mod list;
mod orders;

use axum::Router;
use axum::routing::get;
use service_kit::http::both_spellings;

use crate::state::AppState;

/// The routes of the service.
pub(crate) fn routes(state: AppState) -> Router {
    let router = Router::new();
    let router = both_spellings(router, "/orders/user/{user_id}", get(orders::user::handle));
    let router = both_spellings(router, "/orders/created_by/{username}", get(orders::created_by::handle));
    router.with_state(state)
}
