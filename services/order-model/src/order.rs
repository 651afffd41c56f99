//! An order as its rules see it. What was asked for (model, parameters, costs) is fixed at creation and decides nothing.

use crate::{Flags, OrderId, Reason, Role, Stage, Transition, UserId, Username, Version};

/// The facts that decide what may happen to an order next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Which order.
    pub id: OrderId,
    /// Who wants it made.
    pub requester_id: UserId,
    /// Who makes it.
    pub created_by: Username,
    /// Where it stands on the ladder.
    pub stage: Stage,
    /// The alert beside the ladder, if one is raised.
    pub alert: Option<Alert>,
    /// How many events it has had.
    pub version: Version,
}

/// A raised alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// The role of whoever raised it, which is who may clear it.
    pub raised_by: Role,
    /// Why, if they said.
    pub reason: Option<Reason>,
}

impl Order {
    /// The five booleans that callers see.
    pub fn flags(&self) -> Flags {
        Flags::derive(self.stage, self.alert.is_some())
    }

    /// The order after `transition`, which must have been decided on this very state.
    #[must_use]
    pub fn after(&self, transition: &Transition) -> Self {
        Self {
            stage: transition.to_stage,
            alert: transition.to_alert.clone(),
            version: transition.version,
            ..self.clone()
        }
    }
}
