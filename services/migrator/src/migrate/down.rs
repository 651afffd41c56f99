//! `down`: takes expands back, newest first, by the down files that the database stored when it applied them, so an older
//! binary can do it. Like a contract it destroys, so it needs the hash that `plan --down-to` printed.

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{FromRow, query, query_as};

use super::analysis::{PlannedStatement, analyse};
use super::applications::{self, Application};
use super::apply::{self, Step};
use super::backfill;
use super::bookkeeping::Memory;
use super::change::{ChangeError, ChangeOptions, change};
use super::files::{DirectiveError, Directives, MigrationSet};
use super::fingerprint;
use super::ground::{Ground, Identity};
use super::plan::{PlanError, known};
use super::session::{self, CONNECT_DEADLINE};

/// What would be taken back.
#[derive(Clone, Debug, serde::Serialize)]
pub struct DownPlan {
    /// From which database.
    pub database: Identity,
    /// Its highest applied expand.
    pub schema_version: i64,
    /// The highest expand that stays.
    pub to_schema: i64,
    /// In this order.
    pub files: Vec<DownFile>,
    /// Applications that are connected and newer than what stays. It waits for them to go.
    pub newer_applications: Vec<Application>,
    /// For `--approved-plan-hash`.
    pub plan_hash: String,
}

/// One expand that would be taken back.
#[derive(Clone, Debug, serde::Serialize)]
pub struct DownFile {
    /// Its number.
    pub version: i64,
    /// What messages call it.
    pub file: String,
    /// The statements of its down file.
    pub statements: Vec<PlannedStatement>,
    #[serde(skip)]
    sql: String,
    #[serde(skip)]
    directives: Directives,
}

/// Why nothing, or not all, was taken back.
#[derive(Debug, thiserror::Error)]
pub enum DownError {
    /// As every change of the schema.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// There is no plan.
    #[error("what would be taken back is not known")]
    Plan(#[source] PlanError),
    /// There is no way back behind a contract.
    #[error(
        "contract {version} ({description}) was applied, and what it took away does not come back; restore a backup, or go forward"
    )]
    Contract {
        /// Its number.
        version: i64,
        /// sqlx's description.
        description: String,
    },
    /// An expand cannot be undone.
    #[error("{file} has no down file; go forward instead")]
    NoDownFile {
        /// The expand.
        file: String,
    },
    /// A stored down file is not understood.
    #[error("the stored down file of {file} cannot be used")]
    Unusable {
        /// The expand.
        file: String,
        /// What is wrong with it.
        source: DirectiveError,
    },
    /// What would be done is not what was approved.
    #[error(
        "the approved plan is {approved}, but the plan is {actual} now: read `migrator plan --down-to {to_schema}` again, and \
         approve that hash if it is what you want"
    )]
    NotApproved {
        /// The hash that was given.
        approved: String,
        /// The hash of what would be done.
        actual: String,
        /// The highest expand that stays.
        to_schema: i64,
    },
    /// Applications are connected that need what would go. Nothing was changed.
    #[error(
        "applications newer than schema {to_schema} are connected, and nothing was changed; roll them back first: {}",
        applications::listed(applications)
    )]
    NewApplications {
        /// The highest expand that stays.
        to_schema: i64,
        /// Who.
        applications: Vec<Application>,
    },
}

#[derive(FromRow)]
struct Stored {
    version: i64,
    description: String,
    is_contract: bool,
    down_sql: Option<String>,
}

/// Reads what `down` to `to_schema` would do.
pub async fn down_plan(
    database: &PgConnectOptions,
    migrations: &MigrationSet,
    to_schema: i64,
) -> Result<DownPlan, DownError> {
    session::look(database, CONNECT_DEADLINE, async |connection: &mut PgConnection| {
        let memory = known(connection, migrations).await?;
        Ok(draw(connection, &memory, to_schema).await)
    })
    .await
    .map_err(DownError::Plan)?
}

/// Takes back every expand above `to_schema`, if `approved` is the hash of that plan. Answers what was taken back.
pub async fn down_until(
    database: &PgConnectOptions,
    options: &ChangeOptions,
    to_schema: i64,
    approved: &str,
    stop: impl Future<Output = ()>,
) -> Result<Vec<String>, DownError> {
    change(database, options, stop, async |connection, held, memory| {
        let plan = draw(connection, &memory, to_schema).await?;
        if plan.plan_hash != approved {
            let (approved, actual) = (approved.to_owned(), plan.plan_hash);
            return Err(DownError::NotApproved { approved, actual, to_schema });
        }
        if !plan.newer_applications.is_empty() {
            return Err(DownError::NewApplications { to_schema, applications: plan.newer_applications });
        }
        let mut undone = Vec::new();
        for file in plan.files {
            held.assert(connection).await.map_err(ChangeError::Lock)?;
            let way_back = Step { file: &file.file, sql: &file.sql, directives: &file.directives };
            let took = apply::apply(connection, way_back, options.deadline, async |connection| {
                forget(connection, file.version).await?;
                fingerprint::write_down(connection).await
            })
            .await
            .map_err(ChangeError::Apply)?;
            tracing::info!(file = file.file, ?took, "taken back");
            undone.push(file.file);
        }
        Ok(undone)
    })
    .await
}

async fn draw(connection: &mut PgConnection, memory: &Memory, to_schema: i64) -> Result<DownPlan, DownError> {
    let read = || ChangeError::bookkeeping("read");
    let progress = backfill::progress(connection).await.map_err(read())?;
    let ground = Ground::read(connection, memory, &progress).await.map_err(read())?;
    let files = files(connection, memory, to_schema).await?;
    let connected = applications::connected(connection).await.map_err(read())?;
    Ok(DownPlan {
        database: ground.identity.clone(),
        schema_version: memory.schema_version(),
        to_schema,
        plan_hash: ground.hash_of(files.iter().map(|file| (&*file.file, &*file.sql))),
        newer_applications: connected.into_iter().filter(|it| it.schema() > to_schema).collect(),
        files,
    })
}

/// What the database stored of the files above `to_schema`, newest first.
async fn files(
    connection: &mut PgConnection,
    memory: &Memory,
    to_schema: i64,
) -> Result<Vec<DownFile>, DownError> {
    if memory.applied.is_empty() {
        return Ok(Vec::new());
    }
    let stored: Vec<Stored> = query_as(
        "SELECT f.version, s.description, f.phase = 'contract' AS is_contract, f.down_sql
         FROM atelier.schema_meta_files AS f JOIN atelier._sqlx_migrations AS s ON s.version = f.version
         WHERE f.version > $1 ORDER BY f.version DESC",
    )
    .bind(to_schema)
    .fetch_all(connection)
    .await
    .map_err(ChangeError::bookkeeping("read"))?;
    if let Some(Stored { version, description, .. }) = stored.iter().find(|row| row.is_contract) {
        return Err(DownError::Contract { version: *version, description: description.clone() });
    }
    stored.into_iter().map(down_file).collect()
}

fn down_file(stored: Stored) -> Result<DownFile, DownError> {
    let Stored { version, description, down_sql, .. } = stored;
    let file = format!("{version:04} ({description})");
    let Some(sql) = down_sql else { return Err(DownError::NoDownFile { file }) };
    match Directives::parse(&sql) {
        Ok(directives) => Ok(DownFile { version, file, statements: analyse(&sql), sql, directives }),
        Err(source) => Err(DownError::Unusable { file, source }),
    }
}

/// Backfills above it fill what is gone, so they are begun anew once it is there again.
async fn forget(connection: &mut PgConnection, version: i64) -> Result<(), sqlx::Error> {
    for sql in [
        "DELETE FROM atelier._sqlx_migrations WHERE version = $1",
        "DELETE FROM atelier.schema_meta_files WHERE version = $1",
        "DELETE FROM atelier.schema_meta_backfills WHERE version > $1",
    ] {
        query(sql).bind(version).execute(&mut *connection).await?;
    }
    Ok(())
}
