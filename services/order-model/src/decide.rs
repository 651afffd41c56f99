//! [`decide`]: one move, asked of one order by one actor, answered by the table.
//!
//! The checks run in the contract's order: role (403), version (412), ladder (409), reason (422).
//! Whether the order exists for the actor at all (404) is settled before, by [`Actor::sees`].

use crate::table::{ClearedBy, Row, row};
use crate::{Actor, Alert, Order, Party, Reason, Role, Stage, StateType, Version};

/// What somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// What to set.
    pub state_type: StateType,
    /// To what.
    pub new_value: bool,
    /// Why, if they say.
    pub reason: Option<Reason>,
    /// The versions that they would accept the order to be at; `None` is any.
    pub if_match: Option<Vec<Version>>,
}

/// What becomes of a move that is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The flag has that value already: nothing is written, the version stays.
    Nothing,
    /// One event.
    Event(Transition),
}

/// A step from one state of an order to the next: what its event records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// The version that the order has after it.
    pub version: Version,
    /// What was set.
    pub state_type: StateType,
    /// To what.
    pub new_value: bool,
    /// The stage before.
    pub from_stage: Stage,
    /// The stage after.
    pub to_stage: Stage,
    /// Whether an alert was raised before.
    pub from_alert: bool,
    /// The alert after.
    pub to_alert: Option<Alert>,
    /// Who did it: a creator's username, anybody else's user id.
    pub actor: String,
    /// In which role.
    pub role: Role,
    /// In whose place, where an operator moved the ladder.
    pub on_behalf_of: Option<Party>,
    /// Why, if they said.
    pub reason: Option<Reason>,
}

/// Why a move is refused. The sentences are the contract's: callers of the replaced services show them to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Neither the party that may do this nor an operator.
    #[error("Not authorized")]
    NotAuthorized,
    /// The order is at another version than the caller would accept.
    #[error("The order has changed since: it is at version {current}")]
    VersionMismatch {
        /// Where it is.
        current: Version,
    },
    /// Clearing a stage that others stand on.
    #[error("Cannot modify {state_type} after later stages")]
    LaterStages {
        /// What was to be cleared.
        state_type: StateType,
    },
    /// Setting a stage before the one below it.
    #[error("Cannot set {state_type} before {previous}")]
    TooEarly {
        /// What was to be set.
        state_type: StateType,
        /// What must come first.
        previous: Stage,
    },
    /// An alert holds the order where it is.
    #[error("Cannot set {state_type} while an alert is raised")]
    AlertRaised {
        /// What was to be set.
        state_type: StateType,
    },
    /// A refund must say why.
    #[error("A reason is required to set {state_type} back to false")]
    ReasonRequired {
        /// What was to be cleared.
        state_type: StateType,
    },
}

/// What becomes of `asked` when `actor` asks it of `order`.
pub fn decide(order: &Order, asked: &Move, actor: &Actor) -> Result<Change, Refusal> {
    let row = row(asked.state_type);
    let changes = order.flags().get(asked.state_type) != asked.new_value;

    let role = role(row, order, asked.new_value, changes, actor).ok_or(Refusal::NotAuthorized)?;
    if let Some(accepted) = &asked.if_match
        && !accepted.contains(&order.version)
    {
        return Err(Refusal::VersionMismatch { current: order.version });
    }
    if !changes {
        return Ok(Change::Nothing);
    }
    let to_stage = climb(row, order, asked.new_value)?;
    if row.cleared_by == ClearedBy::OperatorWithReason && !asked.new_value && asked.reason.is_none() {
        return Err(Refusal::ReasonRequired { state_type: asked.state_type });
    }

    let to_alert = match (asked.state_type, asked.new_value) {
        (StateType::Alert, true) => Some(Alert { raised_by: role, reason: asked.reason.clone() }),
        (StateType::Alert, false) => None,
        _ => order.alert.clone(),
    };
    Ok(Change::Event(Transition {
        version: order.version.next(),
        state_type: asked.state_type,
        new_value: asked.new_value,
        from_stage: order.stage,
        to_stage,
        from_alert: order.alert.is_some(),
        to_alert,
        actor: actor.name_in(role).ok_or(Refusal::NotAuthorized)?.to_owned(),
        role,
        on_behalf_of: match role {
            Role::Operator if row.step.is_some() => row.set_by.first().copied(),
            _ => None,
        },
        reason: asked.reason.clone(),
    }))
}

/// The role in which `actor` may do this. A party's role wins over the operator's.
fn role(row: &Row, order: &Order, new_value: bool, changes: bool, actor: &Actor) -> Option<Role> {
    // Repeating a value is the flag's own parties' right, also where they could not have set it: a retry is safe.
    let party = if changes {
        row.parties(order, new_value).find(|&party| actor.is(party, order))
    } else {
        row.set_by.iter().copied().find(|&party| actor.is(party, order))
    };
    // An operator whom no event could name is none.
    let operator = actor.operator && actor.user_id.is_some();
    party.map(Role::from).or(operator.then_some(Role::Operator))
}

/// The stage that the move leads to.
pub(crate) fn climb(row: &Row, order: &Order, new_value: bool) -> Result<Stage, Refusal> {
    let state_type = row.state_type;
    let Some((below, reached)) = row.step else {
        return Ok(order.stage);
    };
    match (new_value, order.stage) {
        (true, stage) if stage != below => Err(Refusal::TooEarly { state_type, previous: below }),
        (false, stage) if stage != reached => Err(Refusal::LaterStages { state_type }),
        _ if row.refused_while_alert && order.alert.is_some() => Err(Refusal::AlertRaised { state_type }),
        (true, _) => Ok(reached),
        (false, _) => Ok(below),
    }
}
