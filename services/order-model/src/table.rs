//! The transition table, as data: who may set and clear what, from where.
//! Code, tests and documents read it from here; it must be written nowhere else.

use crate::{Order, Party, Role, Stage, StateType};

/// One row: a state type, and what setting and clearing it take.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// What is set or cleared.
    pub state_type: StateType,
    /// Whose flag it is: these parties set it. Where there are two, the first named is who a person that is both acts as.
    pub set_by: &'static [Party],
    /// The step on the ladder: setting leads from the first stage to the second, clearing back. `None`: any stage, and it stays.
    pub step: Option<(Stage, Stage)>,
    /// Who clears it.
    pub cleared_by: ClearedBy,
    /// Whether an alert holds it where it is.
    pub refused_while_alert: bool,
}

/// Who may set a flag back to false.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClearedBy {
    /// Whoever may set it.
    Setter,
    /// An operator only, with a reason: a refund.
    OperatorWithReason,
    /// The role that raised it.
    Raiser,
}

/// The table. An operator may do every row in a party's place.
pub const TABLE: [Row; 5] = [
    Row {
        state_type: StateType::Requested,
        set_by: &[Party::Requester],
        step: Some((Stage::Created, Stage::Requested)),
        cleared_by: ClearedBy::Setter,
        refused_while_alert: false,
    },
    Row {
        state_type: StateType::Accepted,
        set_by: &[Party::Creator],
        step: Some((Stage::Requested, Stage::Accepted)),
        cleared_by: ClearedBy::Setter,
        refused_while_alert: false,
    },
    Row {
        state_type: StateType::Completed,
        set_by: &[Party::Creator],
        step: Some((Stage::Accepted, Stage::Completed)),
        cleared_by: ClearedBy::Setter,
        refused_while_alert: false,
    },
    Row {
        state_type: StateType::Paid,
        set_by: &[Party::Requester],
        step: Some((Stage::Completed, Stage::Paid)),
        cleared_by: ClearedBy::OperatorWithReason,
        refused_while_alert: true,
    },
    Row {
        state_type: StateType::Alert,
        set_by: &[Party::Requester, Party::Creator],
        step: None,
        cleared_by: ClearedBy::Raiser,
        refused_while_alert: false,
    },
];

/// The row of `state_type`.
pub const fn row(state_type: StateType) -> &'static Row {
    &TABLE[state_type as usize]
}

impl Row {
    /// The parties that may set this flag to `new_value`, where that is a change.
    pub(crate) fn parties(&self, order: &Order, new_value: bool) -> impl Iterator<Item = Party> {
        let raiser = order.alert.as_ref().map(|alert| alert.raised_by);
        let cleared_by = self.cleared_by;
        self.set_by.iter().copied().filter(move |&party| {
            new_value
                || match cleared_by {
                    ClearedBy::Setter => true,
                    ClearedBy::OperatorWithReason => false,
                    ClearedBy::Raiser => raiser == Some(Role::from(party)),
                }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_stands_at_its_own_state_types_place() {
        for state_type in StateType::ALL {
            assert_eq!(row(state_type).state_type, state_type);
        }
    }
}
