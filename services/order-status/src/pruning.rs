//! Removes idempotency keys that are older than a day, a bounded batch at a time, for as long as the service runs.

use std::time::Duration;

use service_kit::chain;
use service_kit::database::Database;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::store::prune_keys;

/// How often it looks.
const PERIOD: Duration = Duration::from_mins(1);

/// How many keys one statement removes at most: it must never keep a worker from requests for long.
const ROWS_MAX: i64 = 1000;

/// Runs until `stop`. A failure is logged and forgotten: the next look does the same work.
pub(crate) async fn run(database: Database, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        loop {
            let pruned =
                database.run("keys_prune", |connection| Box::pin(prune_keys(connection, ROWS_MAX))).await;
            match pruned {
                Ok(0) => break,
                Ok(keys) => tracing::debug!(keys, "idempotency keys pruned"),
                Err(error) => {
                    tracing::warn!(error = chain(&error), "idempotency keys could not be pruned");
                    break;
                }
            }
        }
    }
}
