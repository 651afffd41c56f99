//! What there is to say, and to do, about the part of the way that is not behind us.

use std::time::Duration;

use super::super::build::Order;
use super::{LOOK_AGAIN, Progress, Told};
use crate::crd::Reason;

/// One step of the way: what there is to say when it is not behind us.
pub(super) struct Step {
    pub(super) progress: Progress,
    pub(super) reason: Reason,
    pub(super) message: String,
    pub(super) approved: Option<Told>,
    pub(super) start: Option<Order>,
    pub(super) again: Duration,
}

impl Step {
    pub(super) fn new(progress: Progress, reason: Reason, message: impl Into<String>) -> Self {
        Self { progress, reason, message: message.into(), approved: None, start: None, again: LOOK_AGAIN }
    }

    pub(super) fn reconciling(reason: Reason, message: impl Into<String>) -> Self {
        Self::new(Progress::Reconciling, reason, message)
    }

    pub(super) fn stalled(reason: Reason, message: impl Into<String>) -> Self {
        Self::new(Progress::Stalled, reason, message)
    }

    pub(super) fn settled(reason: Reason, message: impl Into<String>) -> Self {
        Self::new(Progress::Settled, reason, message)
    }

    pub(super) fn approved(mut self, told: Told) -> Self {
        self.approved = Some(told);
        self
    }

    pub(super) fn start(mut self, order: Order) -> Self {
        self.start = Some(order);
        self
    }
}
