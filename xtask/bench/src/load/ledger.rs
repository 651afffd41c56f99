//! What the services acknowledged to this load: how far each order was moved, and what was created.
//!
//! A read that runs beside a move may see the order before or after it, and nothing else.

use std::collections::{HashMap, HashSet};

/// So many moves of an order: those acknowledged, and those asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Moves {
    pub(super) acknowledged: i64,
    pub(super) asked: i64,
}

/// An order that this load made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Made {
    pub(super) number: u64,
    pub(super) order_id: i64,
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    moves: HashMap<i64, Moves>,
    made: Vec<Made>,
    ids: HashSet<i64>,
}

impl Ledger {
    pub(super) fn moves(&self, order_id: i64) -> Moves {
        self.moves.get(&order_id).copied().unwrap_or_default()
    }

    /// The number of the next move, unless one is on its way or its fate is unknown.
    pub(super) fn begin_move(&mut self, order_id: i64) -> Option<i64> {
        let moves = self.moves.entry(order_id).or_default();
        if moves.asked > moves.acknowledged {
            return None;
        }
        moves.asked += 1;
        Some(moves.asked)
    }

    pub(super) fn acknowledge_move(&mut self, order_id: i64) {
        let moves = self.moves.entry(order_id).or_default();
        moves.acknowledged = moves.asked;
    }

    /// Whether the id is new, as it must be.
    pub(super) fn acknowledge_create(&mut self, made: Made) -> bool {
        self.made.push(made);
        self.ids.insert(made.order_id)
    }

    /// One of those made, chosen by `pick`.
    pub(super) fn made(&self, pick: u64) -> Option<Made> {
        let at = usize::try_from(pick).unwrap_or_default().checked_rem(self.made.len())?;
        self.made.get(at).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_has_one_move_on_its_way_at_most() {
        let mut ledger = Ledger::default();
        assert_eq!(ledger.begin_move(7), Some(1));
        assert_eq!(ledger.begin_move(7), None);
        ledger.acknowledge_move(7);
        assert_eq!(ledger.begin_move(7), Some(2));
        assert_eq!(ledger.moves(7), Moves { acknowledged: 1, asked: 2 });
    }

    #[test]
    fn an_id_that_was_given_twice_is_noticed() {
        let mut ledger = Ledger::default();
        assert!(ledger.acknowledge_create(Made { number: 1, order_id: 9 }));
        assert!(!ledger.acknowledge_create(Made { number: 2, order_id: 9 }));
    }
}
