//! The routes below `/orders`. Both lists are one behaviour under two names, so the cases are written once and run for each.

mod created_by;
mod cursors;
mod filters;
mod long;
mod shape;
mod user;

use crate::fixtures::Row;

/// One of the two lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum List {
    User,
    CreatedBy,
}

impl List {
    /// Its path for an owner, whose name is percent-encoded already.
    fn path(self, owner: &str) -> String {
        match self {
            Self::User => format!("/orders/user/{owner}"),
            Self::CreatedBy => format!("/orders/created_by/{owner}"),
        }
    }

    /// The order as one of this owner's.
    fn owned(self, order: Row, owner: &str) -> Row {
        match self {
            Self::User => order.of(owner),
            Self::CreatedBy => order.by(owner),
        }
    }

    /// The name of the path's parameter.
    fn parameter(self) -> &'static str {
        match self {
            Self::User => "user_id",
            Self::CreatedBy => "username",
        }
    }

    /// The other list.
    fn other(self) -> Self {
        match self {
            Self::User => Self::CreatedBy,
            Self::CreatedBy => Self::User,
        }
    }
}

/// Makes each case of a module a test of this list.
macro_rules! cases {
    ($list:expr, $($module:ident :: $case:ident),+ $(,)?) => {
        $(
            #[tokio::test]
            async fn $case() {
                super::$module::$case($list).await;
            }
        )+
    };
}
use cases;
