//! After a restore: what was handed out since the backup must never be taken for something new.
//!
//! Ids, versions and cursors that callers hold from the lost time would otherwise name other orders and other states. So the
//! history epoch is raised, which is part of every entity tag and cursor, and the sequence of ids goes on far ahead.

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection, Executor, query_as, query_scalar};

use super::history::{HistoryError, check_history_law};
use super::session::{self, CONNECT_DEADLINE, ConnectError};

/// What was done.
#[derive(Debug, serde::Serialize)]
pub struct Restored {
    /// How often this database came back from a backup, this time included.
    pub history_epoch: i32,
    /// Ids are drawn from here on.
    pub ids_from: i64,
    /// How many orders there are.
    pub orders: i64,
    /// Sentences about orders whose events do not tell their row, the first few.
    pub broken: Vec<String>,
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum AfterRestoreError {
    /// The database is out of reach.
    #[error("nothing was done")]
    Connect(#[from] ConnectError),
    /// The epoch or the sequence could not be moved; neither was.
    #[error("nothing was done: the epoch and the sequence of ids could not be moved on")]
    Move(#[source] sqlx::Error),
    /// Both are moved; what was restored could not be read.
    #[error("the epoch and the sequence were moved on, but the history could not be read; run it again")]
    Read(#[source] sqlx::Error),
}

/// Raises the epoch, lets ids go on `ids_ahead` further, and holds all orders against the history law.
///
/// To run it twice does no harm. The highest id that there is says nothing: callers may name their own.
pub async fn after_restore(
    database: &PgConnectOptions,
    ids_ahead: u32,
) -> Result<Restored, AfterRestoreError> {
    let mut connection = session::connect(database, CONNECT_DEADLINE).await?;
    session::begin(&mut connection, "BEGIN").await.map_err(AfterRestoreError::Move)?;
    let (history_epoch, ids_from) = query_as::<_, (i32, i64)>(
        "WITH raised AS (
            UPDATE atelier.schema_meta SET history_epoch = history_epoch + 1 RETURNING history_epoch::int4
        )
        SELECT history_epoch, setval('atelier.order_id_seq', least(last_value + $1::int8, 9007199254740991), false)
        FROM raised, atelier.order_id_seq",
    )
    .bind(i64::from(ids_ahead))
    .fetch_one(&mut connection)
    .await
    .map_err(AfterRestoreError::Move)?;
    connection.execute("COMMIT").await.map_err(AfterRestoreError::Move)?;
    session::begin(&mut connection, session::LOOK).await.map_err(AfterRestoreError::Read)?;
    let (orders, broken) = read(&mut connection).await?;
    // Everything is done and read; nothing hangs on the farewell.
    drop(connection.close().await);
    Ok(Restored { history_epoch, ids_from, orders, broken })
}

/// How many orders there are, and sentences about those that break the history law.
async fn read(connection: &mut PgConnection) -> Result<(i64, Vec<String>), AfterRestoreError> {
    let orders = query_scalar("SELECT count(*) FROM atelier.orders")
        .fetch_one(&mut *connection)
        .await
        .map_err(AfterRestoreError::Read)?;
    match check_history_law(connection).await {
        Ok(()) => Ok((orders, Vec::new())),
        Err(HistoryError::Broken { broken }) => Ok((orders, broken)),
        Err(HistoryError::Read(error)) => Err(AfterRestoreError::Read(error)),
    }
}
