//! Runs one file: in a transaction with its bookkeeping, or alone when it says that it must be.
//! A file that waits too long for a lock gives way to the queries behind it and is tried again; any other failure is final.

use std::time::Duration;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Executor, query_scalar, raw_sql};
use tokio::time::Instant;

use super::backoff::Backoff;
use super::files::{Directives, Migration};
use super::roles::quoted;

const PAUSE_FIRST: Duration = Duration::from_millis(200);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Why a file was not applied. Nothing of it remains, but for what a file without transaction may leave (see its README).
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// A table was busy each time.
    #[error("{file}: no lock within {lock_timeout:?}, tried {attempts} times")]
    LockTimeout {
        /// The file.
        file: String,
        /// The wait that the file allows.
        lock_timeout: Duration,
        /// How often it was tried.
        attempts: u32,
        /// The last refusal.
        source: sqlx::Error,
    },
    /// The server refused it.
    #[error("{file}")]
    Failed {
        /// The file.
        file: String,
        /// What the server said.
        source: sqlx::Error,
    },
}

/// The text of a file, up or down, and how it wants to be run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step<'a> {
    /// Its name, for messages.
    pub(super) file: &'a str,
    /// Its text.
    pub(super) sql: &'a str,
    /// What its header asks for.
    pub(super) directives: &'a Directives,
}

impl<'a> From<&'a Migration> for Step<'a> {
    fn from(migration: &'a Migration) -> Self {
        Self { file: &migration.file, sql: &migration.sql, directives: &migration.directives }
    }
}

/// Runs a file, and in its transaction `record`, the bookkeeping. Tries again on a lock timeout until `deadline` has
/// passed. Answers how long it took.
pub(super) async fn apply(
    connection: &mut PgConnection,
    step: Step<'_>,
    deadline: Duration,
    record: impl AsyncFn(&mut PgConnection) -> Result<(), sqlx::Error>,
) -> Result<Duration, ApplyError> {
    let mut backoff = Backoff::new(PAUSE_FIRST, PAUSE_MAX, deadline);
    let mut attempts = 0;
    loop {
        attempts += 1;
        let started = Instant::now();
        let outcome = if step.directives.transaction {
            in_transaction(connection, step, &record).await
        } else {
            alone(connection, step, &record).await
        };
        let file = step.file.to_owned();
        match outcome {
            Ok(()) => return Ok(started.elapsed()),
            Err(source) if !is_lock_timeout(&source) => return Err(ApplyError::Failed { file, source }),
            Err(source) => {
                tracing::info!(file, attempts, "a lock was not free in time");
                if !backoff.pause().await {
                    let lock_timeout = step.directives.lock_timeout;
                    return Err(ApplyError::LockTimeout { file, lock_timeout, attempts, source });
                }
            }
        }
    }
}

fn is_lock_timeout(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(sqlx::error::DatabaseError::code).as_deref() == Some("55P03")
}

async fn in_transaction(
    connection: &mut PgConnection,
    step: Step<'_>,
    record: &impl AsyncFn(&mut PgConnection) -> Result<(), sqlx::Error>,
) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin().await?;
    set_timeouts(&mut transaction, step.directives).await?;
    raw_sql(AssertSqlSafe(step.sql.to_owned())).execute(&mut *transaction).await?;
    record(&mut transaction).await?;
    transaction.commit().await
}

/// The statement commits before it is remembered; should we die between the two, it runs again. So such a statement must
/// bear repetition (`IF NOT EXISTS`), and an index that a failed run left INVALID is dropped first.
async fn alone(
    connection: &mut PgConnection,
    step: Step<'_>,
    record: &impl AsyncFn(&mut PgConnection) -> Result<(), sqlx::Error>,
) -> Result<(), sqlx::Error> {
    set_timeouts(connection, step.directives).await?;
    if let Some(index) = &step.directives.concurrent_index {
        drop_if_invalid(connection, index).await?;
    }
    raw_sql(AssertSqlSafe(step.sql.to_owned())).execute(&mut *connection).await?;
    let mut transaction = connection.begin().await?;
    record(&mut transaction).await?;
    transaction.commit().await
}

/// For the transaction where there is one, else for the session, whose next file sets its own.
pub(super) async fn set_timeouts(
    connection: &mut PgConnection,
    directives: &Directives,
) -> Result<(), sqlx::Error> {
    let scope = if directives.transaction { "LOCAL" } else { "SESSION" };
    let sql = format!(
        "SET {scope} lock_timeout = {}; SET {scope} statement_timeout = {}",
        directives.lock_timeout.as_millis(),
        directives.statement_timeout.as_millis()
    );
    raw_sql(AssertSqlSafe(sql)).execute(connection).await?;
    Ok(())
}

async fn drop_if_invalid(connection: &mut PgConnection, index: &str) -> Result<(), sqlx::Error> {
    let invalid: bool = query_scalar(
        "SELECT EXISTS (
            SELECT FROM pg_index AS i
            JOIN pg_class AS c ON c.oid = i.indexrelid
            WHERE c.relname = $1 AND c.relnamespace = to_regnamespace('atelier') AND NOT i.indisvalid)",
    )
    .bind(index)
    .fetch_one(&mut *connection)
    .await?;
    if invalid {
        let sql = format!("DROP INDEX CONCURRENTLY IF EXISTS atelier.{}", quoted(index));
        connection.execute(AssertSqlSafe(sql)).await?;
    }
    Ok(())
}
