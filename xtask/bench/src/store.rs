//! The database server of a bench: durable, on a disk, with the statistics that figures are read from. All SQL is here and below.

mod copy;
mod plans;
mod pool;

use std::path::{Path, PathBuf};
use std::process::Command;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Connection, query_scalar, raw_sql};
use testkit::HistoryError;
use testkit::check_history_law;
use testkit::database::{READER, TemplateError, WRITER, install};
use testkit::postgres::{DataFolder, Durability, PostgresServer, SUPERUSER, ServerError, ServerOptions};

pub(crate) use copy::Copy;
pub(crate) use pool::StockPool;

use crate::population::Population;
use rig::machine;

/// From this size on the history law is asked once afterwards: its triggers would keep every row of the seed in memory.
const ORDERS_WITH_TRIGGERS_MAX: i64 = 200_000;

const SEED: &str = include_str!("../subject/seed.sql");
const GROWTH: &str = include_str!("../subject/growth.sql");

/// As the peers' runner sets its own server.
const SETTINGS: [(&str, &str); 9] = [
    ("shared_buffers", "1GB"),
    ("max_connections", "200"),
    ("max_wal_size", "4GB"),
    ("checkpoint_timeout", "30min"),
    ("maintenance_work_mem", "512MB"),
    ("shared_preload_libraries", "pg_stat_statements"),
    ("pg_stat_statements.track_utility", "on"),
    ("logging_collector", "off"),
    ("log_min_messages", "warning"),
];

/// Why there is no database to measure on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("no database server")]
    Server(#[from] ServerError),
    #[error("{what}")]
    Query { what: &'static str, source: sqlx::Error },
    #[error("the schema could not be made")]
    Install(#[from] TemplateError),
    #[error("the seed breaks the history law")]
    Law(#[from] HistoryError),
    #[error("the server's files cannot be read")]
    Files(#[from] std::io::Error),
    #[error(
        "the database lies on {0}, which is memory, so nothing there is durable; TMPDIR names another folder"
    )]
    Memory(Box<str>),
    #[error("taskset does not keep the server to some processors")]
    Place,
}

/// For `map_err`: what could not be done.
fn failed(what: &'static str) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |source| StoreError::Query { what, source }
}

/// A running server.
pub(crate) struct Store {
    server: PostgresServer,
    /// Its first process; all others are its children.
    pub(crate) postmaster: u32,
    pub(crate) version: String,
    log: PathBuf,
}

impl Store {
    /// Starts one that a crash of the machine would not cost a commit.
    pub(crate) async fn start() -> Result<Self, StoreError> {
        let options = ServerOptions {
            data: DataFolder::Temporary,
            port: 0,
            durability: Durability::Full,
            asks_password: false,
            certificate: None,
            settings: SETTINGS.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        };
        let server = PostgresServer::start(options, &mut |_| {}).await?;
        let mut connection = PgConnection::connect_with(&server.options(SUPERUSER, "postgres"))
            .await
            .map_err(failed("no connection to our own server"))?;
        run(&mut connection, "CREATE EXTENSION pg_stat_statements").await?;
        let what = "the server does not say how it is";
        let ask = async |connection: &mut PgConnection, sql: &'static str| -> Result<String, StoreError> {
            query_scalar(sql).fetch_one(connection).await.map_err(failed(what))
        };
        let data = PathBuf::from(ask(&mut connection, "SHOW data_directory").await?);
        let version = ask(&mut connection, "SHOW server_version").await?;
        for durable in ["SHOW fsync", "SHOW synchronous_commit", "SHOW full_page_writes"] {
            debug_assert_eq!(ask(&mut connection, durable).await?, "on", "{durable}");
        }
        if let Some(kind) = machine::filesystem(&data)?.filter(|kind| ["tmpfs", "ramfs"].contains(&&**kind)) {
            return Err(StoreError::Memory(kind));
        }
        let first_line = std::fs::read_to_string(data.join("postmaster.pid"))?;
        let postmaster = first_line.lines().next().and_then(|line| line.trim().parse().ok());
        let log = data.parent().unwrap_or(Path::new("")).join("server.log");
        Ok(Self { server, postmaster: postmaster.unwrap_or_default(), version, log })
    }

    fn options(&self, database: &str) -> PgConnectOptions {
        self.server.options(SUPERUSER, database)
    }

    async fn connect(&self, database: &str) -> Result<PgConnection, StoreError> {
        PgConnection::connect_with(&self.options(database))
            .await
            .map_err(failed("no connection to our own server"))
    }

    /// Runs one statement, or several, in `database`.
    async fn execute(&self, database: &str, sql: &str) -> Result<(), StoreError> {
        let mut connection = self.connect(database).await?;
        run(&mut connection, sql).await?;
        // What it did stands whether or not the server hears the farewell.
        drop(connection.close().await);
        Ok(())
    }

    /// Keeps the server, and what it starts from now on, to these processors.
    pub(crate) fn keep_to(&self, place: &str) -> Result<(), StoreError> {
        let postmaster = self.postmaster.to_string();
        let output = Command::new("taskset")
            .args(["--all-tasks", "--cpu-list", "--pid", place, &postmaster])
            .output()?;
        if output.status.success() { Ok(()) } else { Err(StoreError::Place) }
    }

    /// order-status's and orders' addresses of `database`.
    pub(crate) fn urls(&self, database: &str) -> [String; 2] {
        Self::urls_by(database, self.server.port())
    }

    /// The same by way of another port of this machine.
    pub(crate) fn urls_by(database: &str, port: u16) -> [String; 2] {
        [WRITER, READER]
            .map(|login| format!("postgres://{login}@127.0.0.1:{port}/{database}?sslmode=disable"))
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> (&'static str, u16) {
        ("127.0.0.1", self.server.port())
    }

    /// The superuser's address of `database`, for PostgreSQL's own programs.
    pub(crate) fn admin_url(&self, database: &str) -> String {
        self.server.url(database)
    }

    /// A database with the population in it, settled so that no run pays for its making. With `busy`, a tenth as many orders
    /// more are one creator's, ten of them paid.
    pub(crate) async fn seed(
        &self,
        name: &str,
        population: Population,
        busy: bool,
    ) -> Result<(), StoreError> {
        self.execute("postgres", &format!("CREATE DATABASE {name}")).await?;
        install(&self.options(name), name).await?;
        let mut connection = self.connect(name).await?;
        run(&mut connection, &format!("SET bench.orders = '{}'", population.orders())).await?;
        let by_triggers = population.orders() <= ORDERS_WITH_TRIGGERS_MAX && !busy;
        if !by_triggers {
            run(&mut connection, "SET session_replication_role = replica").await?;
        }
        run(&mut connection, SEED).await?;
        if busy {
            run(&mut connection, GROWTH).await?;
        }
        if !by_triggers {
            check_history_law(&mut connection).await?;
        }
        run(&mut connection, "CREATE EXTENSION pg_prewarm SCHEMA public").await?;
        run(&mut connection, "VACUUM (FREEZE, ANALYZE)").await?;
        run(&mut connection, "CHECKPOINT").await?;
        drop(connection.close().await);
        Ok(())
    }
}

async fn run(connection: &mut PgConnection, sql: &str) -> Result<(), StoreError> {
    let what = "our own server refused a statement";
    raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await.map(drop).map_err(failed(what))
}

#[cfg(test)]
mod tests;
