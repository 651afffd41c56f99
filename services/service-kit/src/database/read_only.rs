//! Whether writes are refused for now: during a failover or a restore it is better to say so than to lose one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;

use crate::http::{Problem, codes};
use crate::readiness::{Condition, Readiness};

/// The name of the condition in `/readyz`.
const CONDITION: &str = "writes";

/// How soon a refused caller may come again: whoever restores a database is not done in a second.
const RETRY_AFTER_SECONDS: u32 = 30;

/// The switch.
#[derive(Debug, Clone)]
pub struct ReadOnly {
    is_on: Arc<AtomicBool>,
    readiness: Readiness,
}

impl ReadOnly {
    /// As configured.
    pub fn new(is_on: bool, readiness: Readiness) -> Self {
        let switch = Self { is_on: Arc::new(AtomicBool::new(false)), readiness };
        if is_on {
            switch.set(true);
        }
        switch
    }

    /// From the next request on.
    pub fn set(&self, is_on: bool) {
        self.is_on.store(is_on, Ordering::Relaxed);
        let condition = if is_on {
            Condition::Degraded("database.read_only is on: every write is answered 503".to_owned())
        } else {
            Condition::Ok
        };
        self.readiness.set(CONDITION, condition);
    }

    /// Whether writes are refused.
    pub fn is_on(&self) -> bool {
        self.is_on.load(Ordering::Relaxed)
    }
}

/// Taken by a handler that writes: proves that writes are not refused just now.
#[derive(Debug, Clone, Copy)]
pub struct Writable;

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

/// 503: not now, and nothing was changed.
pub fn read_only() -> Problem {
    Problem::new(codes::READ_ONLY, "Orders can be read but not changed just now; nothing was changed")
        .with_retry_after(RETRY_AFTER_SECONDS)
}
