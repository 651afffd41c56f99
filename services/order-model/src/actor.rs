//! Who acts, and in which role: a requester is known by user id, a creator by username.

use serde::Serialize;

use crate::{Order, UserId, Username};

/// Somebody who asks for something. An absent part matches no party: a caller without a username can be no creator.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Actor {
    /// Who they are as a requester.
    pub user_id: Option<UserId>,
    /// Who they are as a creator.
    pub username: Option<Username>,
    /// Whether they may act in either party's place.
    pub operator: bool,
}

/// One of the two sides of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// Who wants the order made, and pays for it.
    Requester,
    /// Who makes it.
    Creator,
}

/// In which role somebody made a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The order's requester.
    Requester,
    /// The order's creator.
    Creator,
    /// Staff, in a party's place.
    Operator,
}

impl Party {
    /// The name that callers and the database know it by.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requester => "requester",
            Self::Creator => "creator",
        }
    }
}

impl Role {
    /// The name that callers and the database know it by.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requester => "requester",
            Self::Creator => "creator",
            Self::Operator => "operator",
        }
    }

    /// The role of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Requester, Self::Creator, Self::Operator].into_iter().find(|role| role.as_str() == name)
    }
}

impl From<Party> for Role {
    fn from(party: Party) -> Self {
        match party {
            Party::Requester => Self::Requester,
            Party::Creator => Self::Creator,
        }
    }
}

impl Actor {
    /// Whether they are that party of `order`. One person may be both.
    pub fn is(&self, party: Party, order: &Order) -> bool {
        match party {
            Party::Requester => self.user_id.as_ref() == Some(&order.requester_id),
            Party::Creator => self.username.as_ref() == Some(&order.created_by),
        }
    }

    /// Whether `order` exists for them, where identities are verified: its parties and operators see it, nobody else.
    pub fn sees(&self, order: &Order) -> bool {
        self.operator || self.is(Party::Requester, order) || self.is(Party::Creator, order)
    }

    /// What an event calls them in `role`: a creator by username, anybody else by user id.
    pub(crate) fn name_in(&self, role: Role) -> Option<&str> {
        match role {
            Role::Creator => self.username.as_ref().map(Username::as_str),
            Role::Requester | Role::Operator => self.user_id.as_ref().map(UserId::as_str),
        }
    }
}
