//! Whether traffic should come here, and if not, why. Written by whoever knows, read by `/readyz`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use serde::Serialize;

/// How one thing that readiness hangs on stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "status", content = "reason", rename_all = "snake_case")]
pub enum Condition {
    /// As it should be.
    Ok,
    /// Worse than it should be, but requests are still best sent here.
    Degraded(String),
    /// No traffic, please.
    Unready(String),
}

/// The conditions of one process, by name.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<Mutex<BTreeMap<&'static str, Condition>>>);

/// All of it at one moment, as `/readyz` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// `ready`, `degraded` or `unready`: the worst of the conditions.
    pub status: &'static str,
    /// Each condition.
    pub conditions: BTreeMap<&'static str, Condition>,
}

impl Readiness {
    /// Sets how `name` stands, and logs it when that is news.
    pub fn set(&self, name: &'static str, condition: Condition) {
        let mut conditions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if conditions.get(name) == Some(&condition) {
            return;
        }
        match &condition {
            Condition::Ok => tracing::info!(condition = name, "ok"),
            Condition::Degraded(reason) => tracing::warn!(condition = name, %reason, "degraded"),
            Condition::Unready(reason) => tracing::warn!(condition = name, %reason, "not ready"),
        }
        conditions.insert(name, condition);
    }

    /// How everything stands.
    pub fn report(&self) -> Report {
        let conditions = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let status = if conditions.values().any(|it| matches!(it, Condition::Unready(_))) {
            "unready"
        } else if conditions.values().any(|it| matches!(it, Condition::Degraded(_))) {
            "degraded"
        } else {
            "ready"
        };
        Report { status, conditions }
    }
}

impl Report {
    /// Whether traffic should come here.
    pub fn is_ready(&self) -> bool {
        self.status != "unready"
    }
}
