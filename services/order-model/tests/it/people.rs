//! One order, its two parties and the people around it: what the other modules ask their questions about.
//! Nothing here may say what anybody is allowed to do.

use order_model::{Actor, Alert, Order, OrderId, Reason, Role, Stage, UserId, Username, Version};

/// How the order's requester is known.
pub(crate) const REQUESTER_ID: &str = "r-7";
/// How the order's creator is known.
pub(crate) const CREATED_BY: &str = "carla";
/// How the operator is known, where they are no party.
pub(crate) const OPERATOR_ID: &str = "o-1";

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Requester,
    Creator,
    Both,
    /// Somebody whose user id is the creator's name and whose username is the requester's id, which makes them neither.
    Stranger,
    /// Somebody of whom nothing is known.
    Nobody,
    Operator,
    OperatorWhoIsRequester,
    OperatorWhoIsCreator,
}

impl Who {
    /// Everybody, in the order of the matrix's columns.
    pub(crate) const ALL: [Self; 8] = [
        Self::Requester,
        Self::Creator,
        Self::Both,
        Self::Stranger,
        Self::Nobody,
        Self::Operator,
        Self::OperatorWhoIsRequester,
        Self::OperatorWhoIsCreator,
    ];

    /// Them, as the rules see them.
    pub(crate) fn actor(self) -> Actor {
        match self {
            Self::Requester => actor(Some(REQUESTER_ID), Some("rita"), false),
            Self::Creator => actor(Some("c-9"), Some(CREATED_BY), false),
            Self::Both => actor(Some(REQUESTER_ID), Some(CREATED_BY), false),
            Self::Stranger => actor(Some(CREATED_BY), Some(REQUESTER_ID), false),
            Self::Nobody => actor(None, None, false),
            Self::Operator => actor(Some(OPERATOR_ID), Some("olga"), true),
            Self::OperatorWhoIsRequester => actor(Some(REQUESTER_ID), Some("olga"), true),
            Self::OperatorWhoIsCreator => actor(Some(OPERATOR_ID), Some(CREATED_BY), true),
        }
    }
}

/// Somebody.
pub(crate) fn actor(user_id: Option<&str>, username: Option<&str>, operator: bool) -> Actor {
    Actor {
        user_id: user_id.map(|id| UserId::try_from(id.to_owned()).expect("a user id")),
        username: username.map(|name| Username::try_from(name.to_owned()).expect("a username")),
        operator,
    }
}

/// Why somebody asks.
pub(crate) fn reason(text: &str) -> Reason {
    Reason::try_from(text.to_owned()).expect("a reason")
}

/// A version.
pub(crate) fn version(number: i64) -> Version {
    Version::new(number).expect("a version")
}

/// An alert that somebody in that role has raised, and said why.
pub(crate) fn alert(raised_by: Role) -> Alert {
    Alert { raised_by, reason: Some(reason("the wood is wet")) }
}

/// No alert, and one of each raiser.
pub(crate) fn alerts() -> [Option<Alert>; 4] {
    [None, Some(alert(Role::Requester)), Some(alert(Role::Creator)), Some(alert(Role::Operator))]
}

/// The order, at version 41.
pub(crate) fn order(stage: Stage, alert: Option<Alert>) -> Order {
    Order {
        id: OrderId::try_from(12).expect("an order id"),
        requester_id: UserId::try_from(REQUESTER_ID.to_owned()).expect("a user id"),
        created_by: Username::try_from(CREATED_BY.to_owned()).expect("a username"),
        stage,
        alert,
        version: version(41),
    }
}
