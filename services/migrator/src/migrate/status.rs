//! Where a database stands, for people and for scripts, and waiting until it stands where this release needs it.
//! Reads only, takes no lock.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};

use super::backfill::{self, Progress};
use super::backoff::Backoff;
use super::bookkeeping::{self, AppliedRow, Memory};
use super::files::{MigrationSet, Phase};
use super::session::{self, CONNECT_DEADLINE, ConnectError};
use super::up::pending;

const PAUSE_FIRST: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(1);
const LOOK_MIN: Duration = Duration::from_secs(1);

/// Whether a release of this schema can work on the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// It can.
    Fits,
    /// Expands are missing: `up` has to run.
    TooOld,
    /// A contract of a later release has run.
    TooNew,
}

/// What a database remembers, held against this binary's files.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Status {
    /// Highest applied expand, 0 before the first `up`.
    pub schema_version: i64,
    /// Highest expand of this binary.
    pub needed_version: i64,
    /// Whether the two fit.
    pub window: Window,
    /// The lowest schema that an application must have been built for.
    pub min_app_schema: i32,
    /// How often the database came back from a backup.
    pub history_epoch: i32,
    /// Whether nobody has worked here yet: `up` runs the contracts and backfills, too.
    pub is_new: bool,
    /// What ran, lowest number first.
    pub applied: Vec<AppliedRow>,
    /// Expands of this binary that have not run.
    pub expands_pending: Vec<String>,
    /// Contracts of this binary that have not run; they wait for approval.
    pub contracts_pending: Vec<String>,
    /// Backfills of this binary that are not finished.
    pub backfills_pending: Vec<String>,
    /// How far each backfill came that was begun.
    pub backfills: Vec<Progress>,
}

impl Status {
    fn of(migrations: &MigrationSet, memory: Memory, backfills: Vec<Progress>, is_new: bool) -> Self {
        let needed_version = migrations.schema_version();
        let expands_pending = pending(migrations, Phase::Expand, &memory);
        let begun = memory.meta.is_founding && !memory.applied.is_empty();
        let window = if i64::from(memory.meta.min_app_schema) > needed_version {
            Window::TooNew
        } else if expands_pending.is_empty() && !begun {
            Window::Fits
        } else {
            Window::TooOld
        };
        Self {
            schema_version: memory.schema_version(),
            needed_version,
            window,
            min_app_schema: memory.meta.min_app_schema,
            history_epoch: memory.meta.history_epoch,
            is_new,
            contracts_pending: pending(migrations, Phase::Contract, &memory),
            backfills_pending: backfill::pending(migrations, &backfills)
                .map(|file| file.file.clone())
                .collect(),
            expands_pending,
            applied: memory.applied,
            backfills,
        }
    }
}

/// Why the state is not known.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// The database is out of reach.
    #[error("the state of the schema is not known")]
    Connect(#[from] ConnectError),
    /// The bookkeeping could not be read.
    #[error("the migration bookkeeping could not be read")]
    Read(#[source] sqlx::Error),
    /// Something in the way kept it from being read.
    #[error("the migration bookkeeping could not be read within {0:?}")]
    Silent(Duration),
}

/// Reads where the database stands.
pub async fn status(database: &PgConnectOptions, migrations: &MigrationSet) -> Result<Status, StatusError> {
    status_within(database, migrations, CONNECT_DEADLINE).await
}

async fn status_within(
    database: &PgConnectOptions,
    migrations: &MigrationSet,
    deadline: Duration,
) -> Result<Status, StatusError> {
    let look = session::look(database, deadline, async |connection: &mut PgConnection| {
        let memory = bookkeeping::read(connection).await.map_err(StatusError::Read)?.unwrap_or_default();
        let backfills = backfill::progress(connection).await.map_err(StatusError::Read)?;
        let is_new = bookkeeping::is_new(connection, &memory, migrations.schema_version());
        let is_new = is_new.await.map_err(StatusError::Read)?;
        Ok(Status::of(migrations, memory, backfills, is_new))
    });
    tokio::time::timeout(deadline, look).await.unwrap_or(Err(StatusError::Silent(deadline)))
}

/// Why waiting ended without a window that fits.
#[derive(Debug, thiserror::Error)]
pub enum WaitError {
    /// Waiting longer would not help.
    #[error(
        "the database asks for applications of schema {min_app_schema} or newer, and this release is of schema {ours}"
    )]
    NewerSchema {
        /// `schema_meta.min_app_schema`.
        min_app_schema: i64,
        /// The highest expand that this binary knows.
        ours: i64,
    },
    /// Files were still missing at the end.
    #[error("after {waited:?} the schema is at {schema_version}, and this release needs {needed_version}")]
    TooOld {
        /// How long was waited.
        waited: Duration,
        /// Highest applied expand.
        schema_version: i64,
        /// What this binary needs.
        needed_version: i64,
    },
    /// The database did not let us look.
    #[error("waited {waited:?}")]
    Status {
        /// How long was waited.
        waited: Duration,
        /// The last failure.
        source: StatusError,
    },
}

/// Looks again and again until the window fits or `deadline` has passed. Trouble with the database is waited out as well.
pub async fn wait(
    database: &PgConnectOptions,
    migrations: &MigrationSet,
    deadline: Duration,
) -> Result<Status, WaitError> {
    let mut backoff = Backoff::new(PAUSE_FIRST, PAUSE_MAX, deadline);
    loop {
        // The last look, which may be the only one, is a look all the same.
        let left = backoff.left().clamp(LOOK_MIN, CONNECT_DEADLINE);
        let why_not = match status_within(database, migrations, left).await {
            Ok(status) => match status.window {
                Window::Fits => return Ok(status),
                Window::TooNew => {
                    return Err(WaitError::NewerSchema {
                        min_app_schema: i64::from(status.min_app_schema),
                        ours: status.needed_version,
                    });
                }
                Window::TooOld => WaitError::TooOld {
                    waited: deadline,
                    schema_version: status.schema_version,
                    needed_version: status.needed_version,
                },
            },
            Err(source) => WaitError::Status { waited: deadline, source },
        };
        if !backoff.pause().await {
            return Err(why_not);
        }
    }
}
