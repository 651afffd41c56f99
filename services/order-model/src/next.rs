//! Which moves are open from where an order stands: what [`crate::decide`] would let somebody do, told before they ask.

use serde::Serialize;

use crate::decide::climb;
use crate::{Order, Role, StateType, TABLE};

/// A move that the table allows from where an order stands, and the roles that may make it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NextMove {
    /// What would be set.
    pub state_type: StateType,
    /// To what.
    pub new_value: bool,
    /// By whom, parties first.
    pub by: Vec<Role>,
}

/// Every move that would change `order`, in the order of the table.
pub fn next_moves(order: &Order) -> Vec<NextMove> {
    let flags = order.flags();
    TABLE
        .iter()
        .filter_map(|row| {
            let new_value = !flags.get(row.state_type);
            climb(row, order, new_value).is_ok().then(|| NextMove {
                state_type: row.state_type,
                new_value,
                by: row.parties(order, new_value).map(Role::from).chain([Role::Operator]).collect(),
            })
        })
        .collect()
}
