//! Taken by every handler that writes: proves that writes are not refused just now.

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use service_kit::database::ReadOnly;
use service_kit::http::Problem;

use super::problems::read_only;

/// Writes are not refused.
#[derive(Debug, Clone, Copy)]
pub(super) struct Writable;

impl<S> FromRequestParts<S> for Writable
where
    ReadOnly: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(_: &mut Parts, state: &S) -> Result<Self, Problem> {
        if ReadOnly::from_ref(state).is_on() { Err(read_only()) } else { Ok(Self) }
    }
}
