//! Moving orders: read, decide, compare-and-set. Nothing is locked while the rules run; whoever loses a race decides again.

mod batch;
mod fold;
mod write;

use order_model::{Actor, Move, OrderId, Refusal, Role, Version};
use service_kit::database::{Kind, Outcome, Statement};
use sqlx::PgConnection;

use super::record::OrderRecord;

/// A move to be made.
#[derive(Debug, Clone)]
pub(crate) struct MoveItem {
    /// Of which order.
    pub(crate) order_id: OrderId,
    /// What is asked.
    pub(crate) asked: Move,
    /// By whom.
    pub(crate) actor: Actor,
    /// Whether the order exists for them although they are no party of it.
    pub(crate) sees_everything: bool,
}

/// What became of a move.
#[derive(Debug, Clone)]
pub(crate) enum MoveOutcome {
    /// The order after it.
    Done {
        /// The order, as it was right after this move.
        record: Box<OrderRecord>,
        /// The role in which the actor moved it; `None` where the flag had that value already.
        role: Option<Role>,
    },
    /// There is no such order, for this actor.
    Missing,
    /// The rules say no.
    Refused {
        /// Why.
        refusal: Refusal,
        /// Where the order is.
        current: Version,
    },
}

/// Moves an order.
pub(crate) struct MoveOrder;

impl Statement for MoveOrder {
    const KIND: Kind = Kind::Write;
    type Question = MoveItem;
    type Answer = MoveOutcome;

    fn name(&self) -> &'static str {
        "order_move"
    }

    /// The moves of one order wait for each other: two workers of one process never race.
    fn key(item: &MoveItem) -> Option<u64> {
        u64::try_from(item.order_id.get()).ok()
    }

    async fn run(
        &self,
        connection: &mut PgConnection,
        items: &[MoveItem],
    ) -> Result<Vec<Outcome<MoveOutcome>>, sqlx::Error> {
        batch::move_orders(connection, items).await
    }
}
