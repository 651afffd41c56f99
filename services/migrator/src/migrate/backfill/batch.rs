//! One batch of a backfill and its bookkeeping: both or neither.

use std::time::Duration;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, query, query_scalar};

use super::BackfillError;
use crate::migrate::apply::set_timeouts;
use crate::migrate::backoff::Backoff;
use crate::migrate::files::Migration;
use crate::migrate::session::is_collision;

const PAUSE_FIRST: Duration = Duration::from_millis(200);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Runs one, and again while others are at its rows, until `deadline` has passed. Answers the rows that it changed, and that
/// all so far did.
pub(in crate::migrate) async fn run(
    connection: &mut PgConnection,
    file: &Migration,
    deadline: Duration,
) -> Result<(u64, i64), BackfillError> {
    let mut backoff = Backoff::new(PAUSE_FIRST, PAUSE_MAX, deadline);
    loop {
        match once(connection, file).await {
            Ok(done) => return Ok(done),
            Err(source) if !is_collision(&source) => {
                return Err(BackfillError::Failed { file: file.file.clone(), source });
            }
            Err(source) => {
                if !backoff.pause().await {
                    return Err(BackfillError::Busy { file: file.file.clone(), source });
                }
            }
        }
    }
}

/// Runs them until one finds nothing, where nobody else is at the rows.
pub(in crate::migrate) async fn to_the_end(
    connection: &mut PgConnection,
    file: &Migration,
) -> Result<(), sqlx::Error> {
    while once(connection, file).await?.0 > 0 {}
    Ok(())
}

async fn once(connection: &mut PgConnection, file: &Migration) -> Result<(u64, i64), sqlx::Error> {
    let rows_max = file.directives.backfill_batch.unwrap_or(1);
    let mut transaction = connection.begin().await?;
    set_timeouts(&mut transaction, &file.directives).await?;
    let changed = query(AssertSqlSafe(file.sql.clone()))
        .bind(i64::from(rows_max))
        .execute(&mut *transaction)
        .await?
        .rows_affected();
    let rows_done = query_scalar(
        "INSERT INTO atelier.schema_meta_backfills AS b (version, checksum, rows_done, batches, finished_at)
         VALUES ($1, $2, $3, 1, CASE WHEN $3 = 0 THEN now() END)
         ON CONFLICT (version) DO UPDATE SET rows_done = b.rows_done + excluded.rows_done, batches = b.batches + 1,
            batch_at = now(), finished_at = excluded.finished_at
         RETURNING rows_done",
    )
    .bind(file.version)
    .bind(file.checksum().as_slice())
    .bind(i64::try_from(changed).unwrap_or(i64::MAX))
    .fetch_one(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok((changed, rows_done))
}
