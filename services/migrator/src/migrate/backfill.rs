//! `backfill`: rows filled a batch at a time, while applications serve. Each batch is a transaction that also writes down how
//! far it came, so a backfill may be stopped, killed and begun again at any moment. No `up` runs or waits for one.

pub(super) mod batch;

use std::pin::Pin;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::types::time::OffsetDateTime;
use sqlx::{Connection, FromRow, query_as, query_scalar};
use tokio::time::Instant;

use super::backoff::rest;
use super::bookkeeping::{self, Memory};
use super::change::{ChangeError, ChangeOptions, judge};
use super::files::{Migration, MigrationSet, Phase};
use super::lock::{self, Held, Key};
use super::session;

/// How often a running backfill says how far it is.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// How far a backfill came, as the database remembers it.
#[derive(Clone, Debug, PartialEq, Eq, FromRow, serde::Serialize)]
pub struct Progress {
    /// The file's number.
    pub version: i64,
    /// SHA-384 of the text that ran.
    #[serde(skip)]
    pub checksum: Vec<u8>,
    /// Rows that its batches changed.
    pub rows_done: i64,
    /// Batches so far.
    pub batches: i64,
    /// When the first batch found that nothing was left, if one did.
    #[serde(with = "time::serde::rfc3339::option")]
    pub finished_at: Option<OffsetDateTime>,
}

/// What one call did with one file.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Filled {
    /// The file.
    pub file: String,
    /// Rows changed by this call.
    pub rows: u64,
    /// Rows changed in all.
    pub rows_done: i64,
    /// How long this call took for it. Milliseconds.
    pub took_ms: u64,
    /// Whether nothing is left; false where it was stopped.
    pub is_finished: bool,
}

/// Why a backfill ended early. What its batches did stays; running it again goes on.
#[derive(Debug, thiserror::Error)]
pub enum BackfillError {
    /// It could not begin.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// The name is none of ours.
    #[error("there is no backfill '{name}'; there {}", there_are(known))]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// An expand before it has not run, so what it fills may not be there.
    #[error("{file} needs the expands before it: run `migrator up` first")]
    ExpandsPending {
        /// The backfill.
        file: String,
    },
    /// The file was edited after its first batch.
    #[error("{file} was changed after its first batch; restore it and put the change into a new file")]
    Checksum {
        /// The backfill.
        file: String,
    },
    /// Rows were locked by others each time.
    #[error("{file}: its rows were locked by others each time; what was filled stays, try again")]
    Busy {
        /// The backfill.
        file: String,
        /// The last refusal.
        source: sqlx::Error,
    },
    /// The server refused a batch.
    #[error("{file}: a batch failed; what was filled before stays")]
    Failed {
        /// The backfill.
        file: String,
        /// What the server said.
        source: sqlx::Error,
    },
}

fn there_are(known: &[String]) -> String {
    if known.is_empty() { "are none".to_owned() } else { format!("are {}", known.join(", ")) }
}

/// Reads how far each backfill came.
pub(super) async fn progress(connection: &mut PgConnection) -> Result<Vec<Progress>, sqlx::Error> {
    let there: bool = query_scalar("SELECT to_regclass('atelier.schema_meta_backfills') IS NOT NULL")
        .fetch_one(&mut *connection)
        .await?;
    if !there {
        return Ok(Vec::new());
    }
    query_as(
        "SELECT version, checksum, rows_done, batches, finished_at
         FROM atelier.schema_meta_backfills ORDER BY version",
    )
    .fetch_all(connection)
    .await
}

/// Backfills of `migrations` that are not finished.
pub(super) fn pending<'a>(
    migrations: &'a MigrationSet,
    progress: &'a [Progress],
) -> impl Iterator<Item = &'a Migration> {
    let finished = |version| progress.iter().any(|row| row.version == version && row.finished_at.is_some());
    migrations.of(Phase::Backfill).filter(move |file| !finished(file.version))
}

/// How fast, and how patiently.
#[derive(Clone, Copy, Debug)]
struct Pace {
    /// After each batch.
    pause: Duration,
    /// For each batch that finds rows locked.
    deadline: Duration,
}

/// Runs the backfill `name` (its file, or its number), or all that are not finished, in order, with a `pause` after each
/// batch. A `stop` is heeded between two batches.
pub async fn backfill_until(
    database: &PgConnectOptions,
    options: &ChangeOptions,
    name: Option<&str>,
    pause: Duration,
    stop: impl Future<Output = ()>,
) -> Result<Vec<Filled>, BackfillError> {
    let files = named(&options.migrations, name)?;
    let pace = Pace { pause, deadline: options.deadline };
    tokio::pin!(stop);
    let (mut connection, held) = tokio::select! {
        opened = open(database, options) => opened?,
        () = &mut stop => return Err(ChangeError::Stopped.into()),
    };
    let read = ChangeError::bookkeeping;
    let memory = bookkeeping::read(&mut connection).await.map_err(read("read"))?.unwrap_or_default();
    judge(&options.migrations, &memory)?;
    let progress = progress(&mut connection).await.map_err(read("read"))?;
    let unfinished: Vec<i64> = pending(&options.migrations, &progress).map(|file| file.version).collect();
    let mut filled = Vec::new();
    for file in files.into_iter().filter(|file| name.is_some() || unfinished.contains(&file.version)) {
        may_run(&options.migrations, file, &memory, &progress)?;
        let done = fill(&mut connection, &held, file, pace, stop.as_mut()).await?;
        filled.push(done);
        if filled.last().is_some_and(|done| !done.is_finished) {
            break;
        }
    }
    held.release(&mut connection).await;
    // What was done is committed; nothing hangs on the farewell.
    let _ = connection.close().await;
    Ok(filled)
}

fn named<'a>(migrations: &'a MigrationSet, name: Option<&str>) -> Result<Vec<&'a Migration>, BackfillError> {
    let all: Vec<&Migration> = migrations.of(Phase::Backfill).collect();
    let Some(name) = name else { return Ok(all) };
    let is_it = |file: &&&Migration| {
        file.file == name
            || file.file.strip_suffix(".expand.sql") == Some(name)
            || name.parse() == Ok(file.version)
    };
    match all.iter().find(is_it) {
        Some(file) => Ok(vec![file]),
        None => Err(BackfillError::Unknown {
            name: name.to_owned(),
            known: all.iter().map(|file| file.file.clone()).collect(),
        }),
    }
}

async fn open(
    database: &PgConnectOptions,
    options: &ChangeOptions,
) -> Result<(PgConnection, Held), ChangeError> {
    let database = options.named(database);
    let mut connection = session::connect(&database, options.deadline).await.map_err(ChangeError::Connect)?;
    let held = lock::acquire(&mut connection, &database, Key::Backfill, options.deadline)
        .await
        .map_err(ChangeError::Lock)?;
    Ok((connection, held))
}

fn may_run(
    migrations: &MigrationSet,
    file: &Migration,
    memory: &Memory,
    progress: &[Progress],
) -> Result<(), BackfillError> {
    let before = |expand: &&Migration| expand.version < file.version;
    if migrations.of(Phase::Expand).filter(before).any(|expand| memory.row(expand.version).is_none()) {
        return Err(BackfillError::ExpandsPending { file: file.file.clone() });
    }
    let edited = |row: &Progress| row.version == file.version && row.checksum != file.checksum();
    if progress.iter().any(edited) {
        return Err(BackfillError::Checksum { file: file.file.clone() });
    }
    Ok(())
}

/// Batches, until one changes nothing.
async fn fill(
    connection: &mut PgConnection,
    held: &Held,
    file: &Migration,
    pace: Pace,
    mut stop: Pin<&mut impl Future<Output = ()>>,
) -> Result<Filled, BackfillError> {
    let begin = Instant::now();
    let mut told = begin;
    let mut rows = 0;
    loop {
        held.assert(connection).await.map_err(ChangeError::Lock)?;
        let (changed, rows_done) = batch::run(connection, file, pace.deadline).await?;
        rows += changed;
        let done = |is_finished| Filled {
            file: file.file.clone(),
            rows,
            rows_done,
            took_ms: u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX),
            is_finished,
        };
        if changed == 0 {
            return Ok(done(true));
        }
        if told.elapsed() >= TELL_EVERY {
            told = Instant::now();
            let filled = done(false);
            tracing::info!(file = filled.file, rows, rows_done, rows_per_second = filled.rate(), "filling");
        }
        tokio::select! {
            biased;
            () = &mut stop => return Ok(done(false)),
            () = rest(pace.pause) => {}
        }
    }
}

impl Filled {
    /// Rows a second.
    pub fn rate(&self) -> u64 {
        self.rows * 1000 / self.took_ms.max(1)
    }
}
