//! Where an order stands, and the five booleans that callers see of it.
//! The booleans are derived here and stored nowhere, so only ten of their thirty-two combinations can exist.

use serde::Serialize;

/// A rung of the ladder that an order climbs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Written down, asked of nobody yet.
    Created,
    /// The requester wants it made.
    Requested,
    /// The creator has agreed to make it.
    Accepted,
    /// The creator has made it.
    Completed,
    /// The requester has paid for it.
    Paid,
}

impl Stage {
    /// Every stage, lowest first.
    pub const ALL: [Self; 5] = [Self::Created, Self::Requested, Self::Accepted, Self::Completed, Self::Paid];

    /// The name that callers and the database know it by.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Requested => "requested",
            Self::Accepted => "accepted",
            Self::Completed => "completed",
            Self::Paid => "paid",
        }
    }

    /// The stage of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == name)
    }
}

/// What a caller may set: one of the four upper stages, or the alert beside the ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StateType {
    /// The requester wants it made.
    Requested,
    /// The creator has agreed to make it.
    Accepted,
    /// The creator has made it.
    Completed,
    /// The requester has paid for it.
    Paid,
    /// Somebody says that something is wrong.
    Alert,
}

impl StateType {
    /// Every state type, in the order of the ladder, the alert last.
    pub const ALL: [Self; 5] = [Self::Requested, Self::Accepted, Self::Completed, Self::Paid, Self::Alert];

    /// The name that callers and the database know it by.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Accepted => "accepted",
            Self::Completed => "completed",
            Self::Paid => "paid",
            Self::Alert => "alert",
        }
    }

    /// The state type of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state_type| state_type.as_str() == name)
    }
}

impl std::fmt::Display for StateType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The five booleans of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "callers of the replaced services read exactly these five keys"
)]
pub struct Flags {
    /// At `requested` or above.
    pub requested: bool,
    /// At `accepted` or above.
    pub accepted: bool,
    /// At `completed` or above.
    pub completed: bool,
    /// At `paid`.
    pub paid: bool,
    /// An alert is raised.
    pub alert: bool,
}

impl Flags {
    /// The flags of an order at `stage`, with or without an alert.
    pub fn derive(stage: Stage, alert: bool) -> Self {
        Self {
            requested: stage >= Stage::Requested,
            accepted: stage >= Stage::Accepted,
            completed: stage >= Stage::Completed,
            paid: stage >= Stage::Paid,
            alert,
        }
    }

    /// The value of one flag.
    pub const fn get(self, state_type: StateType) -> bool {
        match state_type {
            StateType::Requested => self.requested,
            StateType::Accepted => self.accepted,
            StateType::Completed => self.completed,
            StateType::Paid => self.paid,
            StateType::Alert => self.alert,
        }
    }
}
