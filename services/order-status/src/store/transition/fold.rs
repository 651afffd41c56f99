//! Several moves of one order in one batch: decided in arrival order, each on the state that the one before left.
//! Pure, and it never sees the database: what is written must be what was decided here.

use order_model::{Change, Order, Transition, decide};

use super::super::record::OrderRecord;
use super::{MoveItem, MoveOutcome};

/// What one order's moves in a batch come to.
pub(super) struct Fold {
    /// The order as it was read.
    pub(super) before: Order,
    /// The order after the last accepted move.
    pub(super) after: Order,
    /// The accepted moves, in order; empty where nothing is to be written.
    pub(super) transitions: Vec<Transition>,
    /// The outcome of each item, by its place in the batch, and whether it waits for the write.
    pub(super) outcomes: Vec<(usize, MoveOutcome, bool)>,
}

/// Decides `items` (place in the batch, item) of the order in `record`, one after the other.
pub(super) fn fold<'a>(record: &OrderRecord, items: impl IntoIterator<Item = (usize, &'a MoveItem)>) -> Fold {
    let mut current = record.clone();
    let mut transitions = Vec::new();
    let mut outcomes = Vec::new();
    for (place, item) in items {
        let outcome = if !item.sees_everything && !item.actor.sees(&current.order) {
            MoveOutcome::Missing
        } else {
            match decide(&current.order, &item.asked, &item.actor) {
                Err(refusal) => MoveOutcome::Refused { refusal, current: current.order.version },
                Ok(Change::Nothing) => MoveOutcome::Done { record: Box::new(current.clone()), role: None },
                Ok(Change::Event(transition)) => {
                    current.order = current.order.after(&transition);
                    let role = Some(transition.role);
                    transitions.push(transition);
                    MoveOutcome::Done { record: Box::new(current.clone()), role }
                }
            }
        };
        // What was decided after a change hangs on that change being written.
        outcomes.push((place, outcome, !transitions.is_empty()));
    }
    Fold { before: record.order.clone(), after: current.order, transitions, outcomes }
}
