//! Removes idempotency keys that are older than a day, a bounded batch at a time, for as long as the service runs.

use std::time::Duration;

use service_kit::chain;
use service_kit::database::{Asker, Call, ReadOnly};
use service_kit::lifecycle::every;
use tokio_util::sync::CancellationToken;

use crate::store::PruneKeys;

/// How often it looks.
const PERIOD: Duration = Duration::from_mins(1);

/// How many keys one statement removes at most: it must never keep a worker from requests for long.
const ROWS_MAX: i64 = 1000;

/// Runs until `stop`. A failure is logged and forgotten: the next look does the same work.
pub(crate) async fn run(keys: Call<PruneKeys>, read_only: ReadOnly, stop: CancellationToken) {
    every(PERIOD, stop, async move || {
        if !read_only.is_on() {
            prune(&keys).await;
        }
    })
    .await;
}

async fn prune(keys: &Call<PruneKeys>) {
    loop {
        match keys.ask(Asker::own(), ROWS_MAX).await {
            Ok(0) => return,
            Ok(removed) => tracing::debug!(removed, "idempotency keys pruned"),
            Err(error) => {
                tracing::warn!(error = chain(&error), "idempotency keys could not be pruned");
                return;
            }
        }
    }
}
