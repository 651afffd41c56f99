//! `plan`: what `up` and the contracts would do, told before anything is done, with a hash of each.
//!
//! It reads in one READ ONLY transaction and takes no lock. A hash changes whenever what would be executed, or what it would
//! be executed on, does; an approval names it, so nothing is approved but what was shown.

use sqlx::postgres::{PgConnectOptions, PgConnection};

use super::analysis::{PlannedStatement, analyse};
use super::applications::{self, Application};
use super::backfill;
use super::bookkeeping::{self, Memory};
use super::change::{ChangeError, judge};
use super::files::{Migration, MigrationSet, Phase};
use super::ground::{Ground, Identity};
use super::session::{self, CONNECT_DEADLINE};

/// What would be done.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Plan {
    /// To which database.
    pub database: Identity,
    /// Its highest applied expand.
    pub schema_version: i64,
    /// The highest expand of this binary.
    pub needed_version: i64,
    /// The lowest schema that an application must have been built for.
    pub min_app_schema: i32,
    /// Whether somebody changed the schema by hand; absent where that cannot be told.
    pub is_drifted: Option<bool>,
    /// The looks of the schema as the last change left them; absent before the first.
    pub fingerprint: Option<String>,
    /// What `up` would run, in order: expands, and in a new database the contracts between them.
    pub up: Vec<PlannedFile>,
    /// What `up --contracts` would run after that, in order.
    pub contracts: Vec<PlannedFile>,
    /// What `backfill` has to finish; a contract waits for those before it.
    pub backfills_pending: Vec<String>,
    /// What has to run before the contracts can be approved: any expand, or a backfill before one of them.
    pub waits_for: Option<Waiting>,
    /// The applications that are connected.
    pub applications: Vec<Application>,
    /// Of all that `up` would do.
    pub up_hash: String,
    /// Of all that the contracts would do, for `--approved-plan-hash`. Absent while there is nothing to approve, or while
    /// something has to be done first, after which it would be another.
    pub plan_hash: Option<String>,
}

/// A file that others wait for.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Waiting {
    /// Its name.
    pub file: String,
    /// Its phase.
    pub phase: Phase,
}

/// One file of a plan.
#[derive(Clone, Debug, serde::Serialize)]
pub struct PlannedFile {
    /// Its name.
    pub file: String,
    /// Its reason.
    pub why: String,
    /// Whether it is one transaction.
    pub transaction: bool,
    /// How long a statement waits for a lock. Milliseconds.
    pub lock_timeout_ms: u64,
    /// How long a statement may run; 0 is without end. Milliseconds.
    pub statement_timeout_ms: u64,
    /// Its statements.
    pub statements: Vec<PlannedStatement>,
    /// Of a contract: the lowest schema that an application may be of from then on.
    pub min_app_schema: Option<i64>,
    /// Of a contract: who is connected and older. It waits for them to go.
    pub older_applications: Vec<Application>,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The database is out of reach.
    #[error("nothing is known of the database")]
    Connect(#[from] session::ConnectError),
    /// This binary must not touch this database.
    #[error(transparent)]
    Refused(ChangeError),
    /// Something could not be read.
    #[error("the database could not be read")]
    Read(#[source] sqlx::Error),
}

/// Reads what would be done.
pub async fn plan(database: &PgConnectOptions, migrations: &MigrationSet) -> Result<Plan, PlanError> {
    session::look(database, CONNECT_DEADLINE, async |connection: &mut PgConnection| {
        let memory = known(connection, migrations).await?;
        draw(connection, migrations, &memory).await.map_err(PlanError::Read)
    })
    .await
}

/// What is remembered, if this binary may touch it.
pub(super) async fn known(
    connection: &mut PgConnection,
    migrations: &MigrationSet,
) -> Result<Memory, PlanError> {
    let memory = bookkeeping::read(connection).await.map_err(PlanError::Read)?.unwrap_or_default();
    judge(migrations, &memory).map_err(PlanError::Refused)?;
    Ok(memory)
}

/// The plan as it is now, for whoever holds the lock.
pub(super) async fn current(
    connection: &mut PgConnection,
    migrations: &MigrationSet,
) -> Result<Plan, sqlx::Error> {
    let memory = bookkeeping::read(connection).await?.unwrap_or_default();
    draw(connection, migrations, &memory).await
}

/// Draws the plan for what `connection` sees.
async fn draw(
    connection: &mut PgConnection,
    migrations: &MigrationSet,
    memory: &Memory,
) -> Result<Plan, sqlx::Error> {
    let progress = backfill::progress(connection).await?;
    let ground = Ground::read(connection, memory, &progress).await?;
    let connected = applications::connected(connection).await?;
    let pending = || migrations.iter().filter(|file| memory.row(file.version).is_none());
    let is_new = bookkeeping::is_new(connection, memory, migrations.schema_version()).await?;
    let runs = |file: &&Migration| file.phase == Phase::Expand || (is_new && file.phase == Phase::Contract);
    let up: Vec<&Migration> = pending().filter(runs).collect();
    let contracts: Vec<&Migration> =
        pending().filter(|file| !is_new && file.phase == Phase::Contract).collect();
    let backfills: Vec<&Migration> =
        if is_new { Vec::new() } else { backfill::pending(migrations, &progress).collect() };
    let texts = |files: &[&Migration]| ground.hash_of(files.iter().map(|file| (&*file.file, &*file.sql)));
    let waits_for = contracts.last().and_then(|last| {
        let before = |file: &&&Migration| file.version < last.version;
        let first = up.first().or_else(|| backfills.iter().find(before))?;
        Some(Waiting { file: first.file.clone(), phase: first.phase })
    });
    let planned = |file: &&Migration| match file.phase {
        Phase::Contract => PlannedFile::of_contract(file, migrations.needed_by(file), &connected),
        Phase::Expand | Phase::Backfill => PlannedFile::of(file),
    };
    Ok(Plan {
        database: ground.identity.clone(),
        schema_version: memory.schema_version(),
        needed_version: migrations.schema_version(),
        min_app_schema: memory.meta.min_app_schema,
        is_drifted: ground.is_drifted(memory),
        fingerprint: memory.meta.fingerprint.clone(),
        up: up.iter().map(planned).collect(),
        contracts: contracts.iter().map(planned).collect(),
        backfills_pending: backfills.iter().map(|file| file.file.clone()).collect(),
        up_hash: texts(&up),
        plan_hash: (!contracts.is_empty() && waits_for.is_none()).then(|| texts(&contracts)),
        waits_for,
        applications: connected,
    })
}

impl PlannedFile {
    fn of(file: &Migration) -> Self {
        let milliseconds = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self {
            file: file.file.clone(),
            why: file.directives.why.clone(),
            transaction: file.directives.transaction,
            lock_timeout_ms: milliseconds(file.directives.lock_timeout),
            statement_timeout_ms: milliseconds(file.directives.statement_timeout),
            statements: analyse(&file.sql),
            min_app_schema: None,
            older_applications: Vec::new(),
        }
    }

    fn of_contract(file: &Migration, needed: i64, connected: &[Application]) -> Self {
        let older = connected.iter().filter(|application| application.schema() < needed);
        Self { min_app_schema: Some(needed), older_applications: older.cloned().collect(), ..Self::of(file) }
    }
}
