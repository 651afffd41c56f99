//! One migrator at a time: an advisory lock of the session, polled, named when it is held, and looked at again before each file.
//!
//! It is polled because a blocking `pg_advisory_lock` holds a snapshot while it waits; `CREATE INDEX CONCURRENTLY` waits
//! for that snapshot, so the two deadlock and an INVALID index stays behind (reproduced).

use std::fmt;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::types::time::OffsetDateTime;
use sqlx::{FromRow, query, query_as};

use super::backoff::Backoff;
use super::session::{self, Possession, moment};

/// What only one migrator does at a time. Advisory locks belong to a database, so two installs on one server do not meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Changing the schema.
    Migration,
    /// Filling rows, which takes long, and which an `up` must not wait for.
    Backfill,
    /// Taking over the orders of the replaced services, which takes long, too.
    Adoption,
}

impl Key {
    /// The letters of "atelier", of "filling", and of "adopts".
    const fn number(self) -> i64 {
        match self {
            Self::Migration => 0x61_7465_6c69_6572,
            Self::Backfill => 0x66_696c_6c69_6e67,
            Self::Adoption => 0x6164_6f70_7473,
        }
    }
}

const PAUSE_FIRST: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// Who holds the lock.
#[derive(Clone, Debug, FromRow, serde::Serialize)]
pub struct Holder {
    /// Its server process.
    pub pid: i32,
    /// What it calls itself.
    pub application_name: Option<String>,
    /// When its session began; hidden from us if it is another user's.
    #[serde(with = "time::serde::rfc3339::option")]
    pub since: Option<OffsetDateTime>,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "pid {} (application_name '{}'",
            self.pid,
            self.application_name.as_deref().unwrap_or_default()
        )?;
        if let Some(since) = self.since {
            write!(f, ", connected since {}", moment(since))?;
        }
        write!(f, "); to end it: SELECT pg_terminate_backend({});", self.pid)
    }
}

/// Why the lock is not ours.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody else kept it until the deadline.
    #[error("another migration holds the lock, waited {waited:?}: {holder}")]
    Held {
        /// How long was waited.
        waited: Duration,
        /// Who has it.
        holder: Holder,
    },
    /// It was free each time we looked for its holder, and taken each time we tried.
    #[error("the migration lock could not be had within {waited:?}; its holders changed")]
    Contended {
        /// How long was waited.
        waited: Duration,
    },
    /// The server process behind the connection changed: a pooler hands sessions around, and a lock with them.
    #[error(
        "a connection pooler is in the way: the session moved from server process {was} to {is}; \
         give the migrator the server's own address (in the chart, database.migrations.host)"
    )]
    Pooler {
        /// The process that took the lock.
        was: i32,
        /// The one that answers now.
        is: i32,
    },
    /// A session is not ours for as long as we are connected.
    #[error(
        "a connection pooler is in the way: server processes are shared among connections; \
         give the migrator the server's own address (in the chart, database.migrations.host)"
    )]
    Pooled,
    /// A second connection, by which a pooler is noticed, could not be had.
    #[error("no second connection could be had, by which a pooler is noticed; the migrator needs two")]
    Alone,
    /// The lock is gone although the session is the same; somebody released it.
    #[error("the migration lock was lost")]
    Lost,
    /// A statement about the lock failed.
    #[error("the migration lock could not be asked for")]
    Query(#[source] sqlx::Error),
}

/// The lock, held by the session that took it. It ends with that session, whatever happens to us.
#[derive(Debug)]
pub struct Held {
    key: Key,
    backend: i32,
}

/// Polls for the lock until `deadline` has passed, on a connection that was made by `options`, whose session becomes ours.
pub(super) async fn acquire(
    connection: &mut PgConnection,
    options: &PgConnectOptions,
    key: Key,
    deadline: Duration,
) -> Result<Held, LockError> {
    let mut backoff = Backoff::new(PAUSE_FIRST, PAUSE_MAX, deadline);
    match session::possession(options, connection).await.map_err(LockError::Query)? {
        Possession::Ours => {}
        Possession::Shared => return Err(LockError::Pooled),
        Possession::Unknown => return Err(LockError::Alone),
    }
    session::own(connection).await.map_err(LockError::Query)?;
    let before = session::backend(connection).await.map_err(LockError::Query)?;
    loop {
        let (taken, is): (bool, i32) = query_as("SELECT pg_try_advisory_lock($1), pg_backend_pid()")
            .bind(key.number())
            .fetch_one(&mut *connection)
            .await
            .map_err(LockError::Query)?;
        if is != before {
            return Err(LockError::Pooler { was: before, is });
        }
        if taken {
            let held = Held { key, backend: before };
            held.assert(connection).await?;
            return Ok(held);
        }
        if !backoff.pause().await {
            return Err(match holder(connection, key).await? {
                Some(holder) => LockError::Held { waited: deadline, holder },
                None => LockError::Contended { waited: deadline },
            });
        }
    }
}

impl Held {
    /// Asks the server whether this very session still has the lock.
    pub(super) async fn assert(&self, connection: &mut PgConnection) -> Result<(), LockError> {
        let (is, ours): (i32, bool) = query_as(
            "SELECT pg_backend_pid(), EXISTS (
                SELECT FROM pg_locks
                WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid()
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                    AND classid::bigint = $1 >> 32 AND objid::bigint = $1 & 4294967295 AND objsubid = 1)",
        )
        .bind(self.key.number())
        .fetch_one(connection)
        .await
        .map_err(LockError::Query)?;
        if is != self.backend {
            return Err(LockError::Pooler { was: self.backend, is });
        }
        if ours { Ok(()) } else { Err(LockError::Lost) }
    }

    /// Gives the lock back. A session that ends gives it back as well, so nothing hangs on this.
    pub(super) async fn release(self, connection: &mut PgConnection) {
        if let Err(error) =
            query("SELECT pg_advisory_unlock($1)").bind(self.key.number()).execute(connection).await
        {
            tracing::debug!(%error, "the lock ends with the session instead");
        }
    }
}

/// Who holds it now.
pub(super) async fn holder(connection: &mut PgConnection, key: Key) -> Result<Option<Holder>, LockError> {
    query_as(
        "SELECT l.pid, a.application_name, a.backend_start AS since
         FROM pg_locks AS l LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid
         WHERE l.locktype = 'advisory' AND l.granted
            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND l.classid::bigint = $1 >> 32 AND l.objid::bigint = $1 & 4294967295 AND l.objsubid = 1
         LIMIT 1",
    )
    .bind(key.number())
    .fetch_optional(connection)
    .await
    .map_err(LockError::Query)
}
