//! Moving orders: read, decide, compare-and-set. Nothing is locked while the rules run; whoever loses a race decides again.

mod batch;
mod fold;
mod write;

use std::sync::Arc;
use std::time::Duration;

use order_model::{Actor, Move, OrderId, Refusal, Role, Version};
use service_kit::database::{Database, DatabaseError};
use service_kit::fair::Share;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use super::record::OrderRecord;
use batch::move_orders;

/// How often a lost race is decided again.
const RACES_MAX: usize = 5;

/// The first and the longest pause before a row that somebody else holds is tried again.
const LOCKED_PAUSE: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(50));

/// Moves of one order queue up in one lane, so that the workers of one process never race each other. A power of two.
const LANES: usize = 1024;

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
    /// The order changed between the reading and the writing.
    Lost,
    /// Somebody else holds the order's row.
    Locked,
}

/// Why a move was neither made nor refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MoveError {
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// Others kept changing or holding the order until the deadline.
    #[error("others kept changing or holding the order")]
    Contended,
}

/// The way to move orders.
#[derive(Clone)]
pub(crate) struct Transitions {
    database: Database,
    lanes: Arc<[Mutex<()>; LANES]>,
}

impl Transitions {
    pub(crate) fn new(database: Database) -> Self {
        Self { database, lanes: Arc::new(std::array::from_fn(|_| Mutex::new(()))) }
    }

    /// Makes one move, trying again until its deadline where others are in the way.
    pub(crate) async fn apply(&self, share: Share, item: MoveItem) -> Result<MoveOutcome, MoveError> {
        let deadline = self.database.deadline();
        let last_start = super::last_start(deadline);
        let (mut pause, pause_max) = LOCKED_PAUSE;
        let mut races = 0;
        loop {
            match self.attempt(last_start, deadline, share, item.clone()).await? {
                MoveOutcome::Lost if races < RACES_MAX => races += 1,
                // The lane is free during the pause: whoever shares it is not kept waiting by somebody else's lock.
                MoveOutcome::Locked if Instant::now() + pause < last_start => {
                    super::pause(jittered(pause, item.order_id)).await;
                    pause = (pause * 2).min(pause_max);
                }
                MoveOutcome::Lost | MoveOutcome::Locked => return Err(MoveError::Contended),
                settled => return Ok(settled),
            }
        }
    }

    async fn attempt(
        &self,
        last_start: Instant,
        deadline: Instant,
        share: Share,
        item: MoveItem,
    ) -> Result<MoveOutcome, MoveError> {
        let lane = &self.lanes[usize::try_from(item.order_id.get()).unwrap_or_default() % LANES];
        let _turn = timeout_at(last_start, lane.lock()).await.map_err(|_| MoveError::Contended)?;
        let outcomes = self
            .database
            .run_until(deadline, share, "order_move", |connection| {
                Box::pin(async move { move_orders(connection, &[item]).await })
            })
            .await?;
        // One item, one outcome; a batch that answered nothing would be a race that nobody won.
        Ok(outcomes.into_iter().next().unwrap_or(MoveOutcome::Lost))
    }
}

/// Spreads by up to a half, by order, so that those who wait for one lock do not come back for another together.
fn jittered(pause: Duration, order_id: OrderId) -> Duration {
    let spread = u32::try_from(order_id.get() % 8).unwrap_or_default();
    pause + pause / 16 * spread
}
