//! Whether writes are refused for now: during a failover or a restore it is better to say so than to lose one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::readiness::{Condition, Readiness};

/// The name of the condition in `/readyz`.
const CONDITION: &str = "writes";

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
