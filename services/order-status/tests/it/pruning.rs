//! Idempotency keys live a day at least; older ones go, with no more rights than the writer has.

use std::time::Duration;

use sqlx::{PgConnection, query, query_scalar};
use testkit::database::Role;
use testkit::wait;

use crate::support::App;

const WITHIN: Duration = Duration::from_secs(20);

async fn keys(connection: &mut PgConnection) -> Vec<String> {
    query_scalar("SELECT key FROM atelier.idempotency_keys ORDER BY key")
        .fetch_all(connection)
        .await
        .expect("keys")
}

#[tokio::test]
async fn keys_older_than_a_day_are_removed_and_younger_ones_kept() {
    let app = App::start().await;
    let mut owner = app.database.connect(Role::Owner).await.expect("the owner");
    // More than one batch of old ones, and one on each side of the day.
    query(
        "INSERT INTO atelier.idempotency_keys (caller, key, request_hash, order_id, created_at)
         SELECT 'ada', 'old-' || n, decode(repeat('00', 32), 'hex'), 1, now() - interval '25 hours'
         FROM generate_series(1, 1500) AS n
         UNION ALL VALUES ('ada', 'young', decode(repeat('00', 32), 'hex'), 1, now() - interval '23 hours')",
    )
    .execute(&mut owner)
    .await
    .expect("keys");

    // A service looks when it starts.
    let _second = app.second(&[]).await;
    let pruned = || async {
        let mut reader = app.database.connect(Role::Reader).await.ok()?;
        (keys(&mut reader).await == ["young"]).then_some(())
    };
    wait::until("the old keys are gone", WITHIN, pruned).await.expect("and the young one is left");
}
