//! Data access. Functions take batches and answer one outcome an item, in the items' order; SQL stands beside them.
//! No rule of the lifecycle may stand here: whoever writes asks `order_model::decide` first.

mod create;
mod history;
mod read;
mod record;
mod transition;

pub(crate) use create::{CreateOutcome, Creates, Idempotency, NewOrder, prune_keys};
pub(crate) use history::{Event, HistoryQuestion, read_history};
pub(crate) use read::{read_orders, read_standings};
pub(crate) use record::{OrderRecord, Standing, Terms};
pub(crate) use transition::{MoveError, MoveItem, MoveOutcome, Transitions};

use std::time::Duration;

use tokio::time::Instant;

/// The least time that an attempt needs. One that begins later would be cut off in the middle, and nobody could say what became of it.
const ATTEMPT_MIN: Duration = Duration::from_millis(200);

/// Until when an attempt may begin that must be over by `deadline`, however short the whole deadline is configured.
fn last_start(deadline: Instant) -> Instant {
    let whole = deadline.saturating_duration_since(Instant::now());
    deadline - ATTEMPT_MIN.min(whole / 4)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a foreign lock ends without notice, and no connection may be held while it is waited for"
)]
async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}
