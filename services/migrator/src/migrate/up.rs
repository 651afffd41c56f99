//! `up`: every expand that is missing, then the grants. Contracts wait for `plan` and an approval, backfills for `backfill`;
//! here they are only named, but in a database that is new. Running it again changes nothing. It never goes back.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};

use super::apply::{self, ApplyError};
use super::backfill;
use super::bookkeeping::{self, Memory, Origin};
use super::change::{ChangeError, ChangeOptions, change};
use super::files::{Migration, MigrationSet, Phase};
use super::fingerprint;
use super::lock::Held;

/// A file that ran.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Applied {
    /// Its name.
    pub file: String,
    /// How long it took. Milliseconds.
    pub took_ms: u64,
}

impl Applied {
    pub(super) fn new(migration: &Migration, took: Duration) -> Self {
        tracing::info!(file = migration.file, ?took, "applied");
        Self { file: migration.file.clone(), took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX) }
    }
}

/// What `up` did.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct UpReport {
    /// The files that it applied, in order.
    pub applied: Vec<Applied>,
    /// The schema's version now: its highest expand.
    pub schema_version: i64,
    /// Contracts of this binary that wait for approval.
    pub contracts_pending: Vec<String>,
    /// Backfills of this binary that are not finished.
    pub backfills_pending: Vec<String>,
    /// Whether grants were made.
    pub granted: bool,
}

impl UpReport {
    /// Reads where the schema stands now.
    pub(super) async fn read(
        connection: &mut PgConnection,
        options: &ChangeOptions,
        applied: Vec<Applied>,
    ) -> Result<Self, ChangeError> {
        let now = bookkeeping::read(connection)
            .await
            .map_err(ChangeError::bookkeeping("read"))?
            .unwrap_or_default();
        let progress = backfill::progress(connection).await.map_err(ChangeError::bookkeeping("read"))?;
        Ok(Self {
            applied,
            schema_version: now.schema_version(),
            contracts_pending: pending(&options.migrations, Phase::Contract, &now),
            backfills_pending: backfill::pending(&options.migrations, &progress)
                .map(|file| file.file.clone())
                .collect(),
            granted: options.roles.is_some(),
        })
    }
}

/// Brings the database up to the highest expand of `options.migrations`, a new one through its contracts, too.
pub async fn up(database: &PgConnectOptions, options: &ChangeOptions) -> Result<UpReport, ChangeError> {
    up_until(database, options, std::future::pending()).await
}

/// [`up`] that gives way when `stop` comes about: the running statement is cancelled, and its file with it.
pub async fn up_until(
    database: &PgConnectOptions,
    options: &ChangeOptions,
    stop: impl Future<Output = ()>,
) -> Result<UpReport, ChangeError> {
    let work = async |connection: &mut PgConnection, held: &Held, memory: Memory| {
        let newest = options.migrations.schema_version();
        let is_new = bookkeeping::is_new(connection, &memory, newest).await;
        let applied = if is_new.map_err(ChangeError::bookkeeping("read"))? {
            found(connection, options, &memory, held).await?
        } else {
            let applied = expand(connection, options, &memory, held).await?;
            bookkeeping::end_founding(connection).await.map_err(ChangeError::bookkeeping("updated"))?;
            applied
        };
        UpReport::read(connection, options, applied).await
    };
    // Boxed: every caller's future would be as large as all of this.
    Box::pin(change(database, options, stop, work)).await
}

async fn expand(
    connection: &mut PgConnection,
    options: &ChangeOptions,
    memory: &Memory,
    held: &Held,
) -> Result<Vec<Applied>, ChangeError> {
    let mut applied = Vec::new();
    for file in options.migrations.of(Phase::Expand).filter(|file| memory.row(file.version).is_none()) {
        applied.push(run(connection, options, held, file, None).await?);
    }
    Ok(applied)
}

/// Every file in the order of its number: where nobody has ever worked, nothing is lost and nobody breaks.
async fn found(
    connection: &mut PgConnection,
    options: &ChangeOptions,
    memory: &Memory,
    held: &Held,
) -> Result<Vec<Applied>, ChangeError> {
    let mut applied = Vec::new();
    let progress = backfill::progress(connection).await.map_err(ChangeError::bookkeeping("read"))?;
    let filled: Vec<i64> =
        progress.iter().filter(|row| row.finished_at.is_some()).map(|row| row.version).collect();
    let is_done = |file: &&Migration| memory.row(file.version).is_some() || filled.contains(&file.version);
    for file in options.migrations.iter().filter(|file| !is_done(file)) {
        match file.phase {
            Phase::Expand => applied.push(run(connection, options, held, file, None).await?),
            Phase::Contract => {
                let needed = options.migrations.needed_by(file);
                applied.push(run(connection, options, held, file, Some(needed)).await?);
            }
            Phase::Backfill => backfill::batch::to_the_end(connection, file).await.map_err(|source| {
                ChangeError::Apply(ApplyError::Failed { file: file.file.clone(), source })
            })?,
        }
    }
    bookkeeping::end_founding(connection).await.map_err(ChangeError::bookkeeping("updated"))?;
    Ok(applied)
}

/// Runs one; a contract raises what applications must be of.
async fn run(
    connection: &mut PgConnection,
    options: &ChangeOptions,
    held: &Held,
    file: &Migration,
    needed: Option<i64>,
) -> Result<Applied, ChangeError> {
    let origin = Origin { image: options.image.as_deref(), plan_hash: None };
    held.assert(connection).await.map_err(ChangeError::Lock)?;
    let took = apply::apply(connection, file.into(), options.deadline, async |connection| {
        bookkeeping::remember(connection, file, origin).await?;
        if let Some(needed) = needed {
            bookkeeping::raise_min_app_schema(connection, needed).await?;
        }
        fingerprint::write_down(connection).await
    })
    .await
    .map_err(ChangeError::Apply)?;
    bookkeeping::remember_time(connection, file, took).await;
    Ok(Applied::new(file, took))
}

/// Files of a phase that have not run.
pub(super) fn pending(migrations: &MigrationSet, phase: Phase, memory: &Memory) -> Vec<String> {
    migrations
        .of(phase)
        .filter(|file| memory.row(file.version).is_none())
        .map(|file| file.file.clone())
        .collect()
}
