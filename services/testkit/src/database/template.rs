//! The server of the test run, and the migrated template on it, made once however many tests and processes ask.

use std::str::FromStr;

use migrator::migrate::{ChangeError, ChangeOptions, MigrationSet, files::FilesError, up};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Connection, Executor, query, query_scalar, raw_sql};
use tokio::sync::OnceCell;

use super::{OWNER, TestDatabaseError, roles};
use crate::environment;
use crate::postgres::{PostgresServer, SUPERUSER, ServerOptions};

/// The superuser's address of a server that the whole test run shares.
const SHARED: &str = "ATELIER_TEST_POSTGRES_URL";

/// The advisory lock of whoever makes logins or the template. It is taken in the database `postgres` only.
const LOCK: i64 = 0x74_656d_706c_6174;

/// Why there is no template.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The repository's migrations are not well-formed.
    #[error("the migrations cannot be read")]
    Files(#[source] FilesError),
    /// The server refused a step.
    #[error("{step}")]
    Query {
        /// Which.
        step: &'static str,
        /// What it said.
        source: sqlx::Error,
    },
    /// The migrations failed.
    #[error("the migrations do not apply")]
    Up(#[source] ChangeError),
}

/// The superuser's way into the server: the shared one, else our own, started by the first who asks.
/// A static is never dropped; our own server ends by the end of its pipe.
pub(super) async fn server() -> Result<PgConnectOptions, TestDatabaseError> {
    static OWN: OnceCell<PostgresServer> = OnceCell::const_new();
    if let Some(url) = environment::variable(SHARED) {
        return PgConnectOptions::from_str(&url.to_string_lossy()).map_err(TestDatabaseError::Address);
    }
    let start = || async { PostgresServer::start(ServerOptions::tests(), &mut |_| {}).await };
    let server = OWN.get_or_try_init(start).await.map_err(TestDatabaseError::Server)?;
    Ok(server.options(SUPERUSER, "postgres"))
}

/// The three logins.
pub(super) async fn logins(admin: &PgConnectOptions) -> Result<(), TemplateError> {
    static DONE: OnceCell<()> = OnceCell::const_new();
    let make = || async {
        let mut connection = locked(admin).await?;
        for role in [OWNER, super::WRITER, super::READER] {
            let sql = format!(
                "DO $do$ BEGIN
                    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN CREATE ROLE {role} LOGIN; END IF;
                 END $do$"
            );
            run(&mut connection, "the logins could not be made", sql).await?;
        }
        Ok(())
    };
    DONE.get_or_try_init(make).await.copied()
}

/// The name of the migrated template, made if it is not there. It is named by the text of the migrations, so a server that
/// outlives an edit serves no stale schema.
pub(super) async fn migrated(admin: &PgConnectOptions) -> Result<&'static str, TemplateError> {
    static NAME: OnceCell<String> = OnceCell::const_new();
    NAME.get_or_try_init(|| make(admin)).await.map(String::as_str)
}

async fn make(admin: &PgConnectOptions) -> Result<String, TemplateError> {
    let migrations = MigrationSet::embedded().map_err(TemplateError::Files)?;
    let name = format!("atelier_template_{}", migrations.fingerprint());
    let mut connection = locked(admin).await?;
    let exists: bool = query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
        .bind(&name)
        .fetch_one(&mut connection)
        .await
        .map_err(|source| TemplateError::Query { step: "the templates could not be listed", source })?;
    if exists {
        return Ok(name);
    }
    // Made under another name: a template that is there is a template that is finished.
    let building = format!("{name}_building");
    let step = "the template could not be made";
    run(&mut connection, step, format!("DROP DATABASE IF EXISTS {building} WITH (FORCE)")).await?;
    run(&mut connection, step, format!("CREATE DATABASE {building} TEMPLATE template0")).await?;
    migrate(&admin.clone().database(&building), migrations, &building).await?;
    run(&mut connection, step, format!("ALTER DATABASE {building} ALLOW_CONNECTIONS false")).await?;
    run(&mut connection, step, format!("ALTER DATABASE {building} RENAME TO {name}")).await?;
    Ok(name)
}

/// The three logins and the schema in a new database of any server: what a fresh installation has.
pub async fn install(database: &PgConnectOptions, name: &str) -> Result<(), TemplateError> {
    migrate(database, MigrationSet::embedded().map_err(TemplateError::Files)?, name).await
}

async fn migrate(
    building: &PgConnectOptions,
    migrations: MigrationSet,
    name: &str,
) -> Result<(), TemplateError> {
    let step = "the logins and the schema could not be made";
    let mut connection =
        PgConnection::connect_with(building).await.map_err(|source| TemplateError::Query { step, source })?;
    raw_sql(AssertSqlSafe(roles().script(name)))
        .execute(&mut connection)
        .await
        .map_err(|source| TemplateError::Query { step, source })?;
    let _ = connection.close().await;
    let mut options = ChangeOptions::embedded().map_err(TemplateError::Files)?;
    options.migrations = migrations;
    options.roles = Some(roles());
    up(&building.clone().username(OWNER), &options).await.map_err(TemplateError::Up)?;
    Ok(())
}

/// A connection that holds the lock until it is closed.
async fn locked(admin: &PgConnectOptions) -> Result<PgConnection, TemplateError> {
    let step = "the lock for the template could not be had";
    let failed = |source| TemplateError::Query { step, source };
    let mut connection = PgConnection::connect_with(admin).await.map_err(failed)?;
    query("SELECT pg_advisory_lock($1)").bind(LOCK).execute(&mut connection).await.map_err(failed)?;
    Ok(connection)
}

async fn run(connection: &mut PgConnection, step: &'static str, sql: String) -> Result<(), TemplateError> {
    connection.execute(AssertSqlSafe(sql)).await.map_err(|source| TemplateError::Query { step, source })?;
    Ok(())
}
