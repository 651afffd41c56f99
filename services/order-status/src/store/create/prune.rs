//! Idempotency keys live a day at least; older ones are removed in bounded batches.

use sqlx::PgConnection;

/// Removes at most `rows_max` keys that are older than a day; returns how many.
pub(crate) async fn prune_keys(connection: &mut PgConnection, rows_max: i64) -> Result<u64, sqlx::Error> {
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
