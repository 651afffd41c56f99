//! Idempotency keys live a day at least; older ones are removed in bounded batches.

use service_kit::database::{Kind, Outcome, Statement};
use sqlx::PgConnection;

/// Removes keys that are older than a day, at most as many as asked; tells how many.
pub(crate) struct PruneKeys;

impl Statement for PruneKeys {
    const KIND: Kind = Kind::Write;
    type Question = i64;
    type Answer = u64;

    fn name(&self) -> &'static str {
        "keys_prune"
    }

    fn may_repeat(_rows_max: &i64) -> bool {
        true
    }

    async fn run(
        &self,
        connection: &mut PgConnection,
        rows_max: &[i64],
    ) -> Result<Vec<Outcome<u64>>, sqlx::Error> {
        let rows_max_each = rows_max.iter().copied().max().unwrap_or_default();
        let removed = prune_keys(connection, rows_max_each).await?;
        Ok(rows_max.iter().map(|_| Outcome::Answer(removed)).collect())
    }
}

async fn prune_keys(connection: &mut PgConnection, rows_max: i64) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!(
        r#"
        DELETE FROM atelier.idempotency_keys AS old
        USING (
            SELECT caller, key
            FROM atelier.idempotency_keys
            WHERE created_at < now() - interval '24 hours'
            ORDER BY created_at
            LIMIT $1
        ) AS expired
        WHERE old.caller = expired.caller AND old.key = expired.key
        "#,
        rows_max
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
