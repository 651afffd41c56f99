//! All SQL of the proofs: our schema on a server, and what is counted there afterwards.

use std::time::Duration;

use sqlx::postgres::{PgConnection, PgPool, PgPoolOptions};
use sqlx::{Connection, Executor, query_scalar};
use testkit::check_history_law;
use testkit::database::{READER, WRITER, install};
use testkit::postgres::{PostgresServer, SUPERUSER};
use tokio::time::timeout;

use crate::error::ProveError;

const DATABASE: &str = "shop";

/// What our own server would not do.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub(crate) struct QueryError {
    what: &'static str,
    source: sqlx::Error,
}

/// order-status's and orders' addresses of the database, by way of a port of this machine.
pub(crate) fn urls(port: u16) -> [String; 2] {
    [WRITER, READER].map(|login| format!("postgres://{login}@127.0.0.1:{port}/{DATABASE}?sslmode=disable"))
}

/// For `map_err`: what could not be done.
fn failed(what: &'static str) -> impl FnOnce(sqlx::Error) -> ProveError {
    move |source| QueryError { what, source }.into()
}

async fn connect(server: &PostgresServer, database: &str) -> Result<PgConnection, ProveError> {
    let options = server.options(SUPERUSER, database);
    PgConnection::connect_with(&options).await.map_err(failed("no connection to our own server"))
}

/// The database, its logins and our schema.
pub(crate) async fn make(server: &PostgresServer) -> Result<(), ProveError> {
    let mut connection = connect(server, "postgres").await?;
    connection.execute("CREATE DATABASE shop").await.map_err(failed("no database"))?;
    install(&server.options(SUPERUSER, DATABASE), DATABASE).await?;
    // A server that forgets must not have forgotten these.
    connection.execute("CHECKPOINT").await.map(drop).map_err(failed("the schema was not written"))
}

/// A standby becomes what it stood by for.
pub(crate) async fn promote(server: &PostgresServer) -> Result<(), ProveError> {
    let mut connection = connect(server, "postgres").await?;
    let done = connection.execute("SELECT pg_promote(true, 60)").await;
    done.map(drop).map_err(failed("the standby was not promoted"))
}

/// How many standbys follow.
pub(crate) async fn streaming(server: &PostgresServer) -> Result<i64, ProveError> {
    let mut connection = connect(server, "postgres").await?;
    query_scalar("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'")
        .fetch_one(&mut connection)
        .await
        .map_err(failed("replication could not be asked about"))
}

/// How many orders there are, once the history law has been found to hold.
pub(crate) async fn orders(server: &PostgresServer) -> Result<i64, ProveError> {
    let mut connection = connect(server, DATABASE).await?;
    check_history_law(&mut connection).await?;
    query_scalar("SELECT count(*) FROM atelier.orders")
        .fetch_one(&mut connection)
        .await
        .map_err(failed("orders could not be counted"))
}

/// Somebody who counts connections, on one of his own.
pub(crate) struct Watcher(PgConnection);

impl Watcher {
    /// Connected as who sees all.
    pub(crate) async fn connect(server: &PostgresServer) -> Result<Self, ProveError> {
        connect(server, DATABASE).await.map(Self)
    }

    /// How many orders has.
    pub(crate) async fn readers(&mut self) -> Result<i64, ProveError> {
        query_scalar("SELECT count(*) FROM pg_stat_activity WHERE usename = $1")
            .bind(READER)
            .fetch_one(&mut self.0)
            .await
            .map_err(failed("connections could not be counted"))
    }
}

/// What an ordinary service would keep between itself and PostgreSQL: sqlx's pool, set up where three round trips a question are too
/// many.
pub(crate) struct StockPool(PgPool);

/// How long a question may take, as in our own defaults.
const DEADLINE: Duration = Duration::from_millis(1500);

impl StockPool {
    /// Connected by way of a port of this machine.
    pub(crate) async fn connect(port: u16) -> Result<Self, ProveError> {
        let pool = PgPoolOptions::new()
            .max_connections(4)
            .test_before_acquire(false)
            .acquire_timeout(DEADLINE)
            .connect(&urls(port)[0])
            .await;
        Ok(Self(pool.map_err(failed("no connection to our own server"))?))
    }

    /// Whether it tells in time how many orders somebody has.
    pub(crate) async fn tells(&self) -> bool {
        let query = query_scalar::<_, i64>("SELECT count(*) FROM atelier.orders WHERE requester_id = 'ada'");
        matches!(timeout(DEADLINE, query.fetch_one(&self.0)).await, Ok(Ok(_)))
    }
}
