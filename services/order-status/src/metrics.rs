//! What this service counts of its own work.

use order_model::{Role, StateType};
use prometheus::{IntCounter, IntCounterVec};
use service_kit::metrics::{Metrics, Name};

/// Counters of creates and moves.
#[derive(Clone)]
pub(crate) struct OrderMetrics {
    created: IntCounterVec,
    replays: IntCounter,
    transitions: IntCounterVec,
}

/// What became of a create or a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Written.
    Done,
    /// The value was there already.
    Unchanged,
    /// The rules said no, or the order was not there.
    Refused,
    /// The database was away or busy.
    Failed,
}

impl Outcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Unchanged => "unchanged",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

impl OrderMetrics {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        Self {
            created: metrics.counters(Name::OrdersCreated, &["outcome"]),
            replays: metrics.counter(Name::IdempotentReplays),
            transitions: metrics.counters(Name::OrderTransitions, &["state_type", "role", "outcome"]),
        }
    }

    pub(crate) fn created(&self, outcome: Outcome) {
        self.created.with_label_values(&[outcome.as_str()]).inc();
    }

    pub(crate) fn replayed(&self) {
        self.replays.inc();
    }

    pub(crate) fn moved(&self, state_type: StateType, role: Option<Role>, outcome: Outcome) {
        let role = role.map_or("none", Role::as_str);
        self.transitions.with_label_values(&[state_type.as_str(), role, outcome.as_str()]).inc();
    }
}
