//! Taken by every handler that writes: proves that writes are not refused just now.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use service_kit::http::Problem;

use super::problems::read_only;
use crate::state::AppState;

/// Writes are not refused.
#[derive(Debug, Clone, Copy)]
pub(super) struct Writable;

impl FromRequestParts<AppState> for Writable {
    type Rejection = Problem;

    async fn from_request_parts(_: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        if state.read_only.is_on() { Err(read_only()) } else { Ok(Self) }
    }
}
