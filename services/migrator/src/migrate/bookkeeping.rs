//! What the database remembers of its migrations: sqlx's table in sqlx's format, and beside it what sqlx has no room for.
//!
//! `sqlx migrate info` with `search_path=atelier` reads it; `sqlx migrate run` must not be used, since it knows no phases.
//! Rows are added in the transaction of their file, so the memory and the schema never differ.

use std::time::Duration;

use sqlx::postgres::PgConnection;
use sqlx::{Connection, Executor, FromRow, query, query_as, query_scalar, raw_sql};

use super::adopt;
use super::applications;
use super::files::{Migration, Phase};
use super::fingerprint;

/// The tables as the first `up` makes them. They are older than the first migration, so no migration can make them;
/// a later change of them is made here, by statements that may be repeated.
const TABLES: &str = "
CREATE TABLE IF NOT EXISTS atelier._sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMPTZ NOT NULL DEFAULT now(),
    success BOOLEAN NOT NULL,
    checksum BYTEA NOT NULL,
    execution_time BIGINT NOT NULL
);
CREATE TABLE IF NOT EXISTS atelier.schema_meta (
    only_row boolean PRIMARY KEY DEFAULT true CONSTRAINT schema_meta_only_row CHECK (only_row),
    min_app_schema integer NOT NULL DEFAULT 0 CONSTRAINT schema_meta_min_app_schema_range CHECK (min_app_schema >= 0),
    history_epoch integer NOT NULL DEFAULT 0 CONSTRAINT schema_meta_history_epoch_range CHECK (history_epoch >= 0),
    fingerprint text,
    is_founding boolean NOT NULL DEFAULT true
);
INSERT INTO atelier.schema_meta DEFAULT VALUES ON CONFLICT DO NOTHING;
CREATE TABLE IF NOT EXISTS atelier.schema_meta_files (
    version bigint PRIMARY KEY,
    phase text NOT NULL CONSTRAINT schema_meta_files_phase_known CHECK (phase IN ('expand', 'contract')),
    down_sql text,
    applied_by text NOT NULL DEFAULT session_user,
    image text,
    plan_hash text,
    applied_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS atelier.schema_meta_approvals (
    plan_hash text PRIMARY KEY,
    remaining_hash text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS atelier.schema_meta_backfills (
    version bigint PRIMARY KEY,
    checksum bytea NOT NULL,
    rows_done bigint NOT NULL DEFAULT 0,
    batches bigint NOT NULL DEFAULT 0,
    started_at timestamptz NOT NULL DEFAULT now(),
    batch_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz
);
";

/// A database whose tables are older than foundings was founded long ago. Asked first: services read this table each second,
/// and even an ALTER that finds nothing to do would have to wait for them, and they for it.
const IS_FOUNDING_MISSING: &str = "SELECT NOT EXISTS (SELECT FROM pg_attribute
    WHERE attrelid = 'atelier.schema_meta'::regclass AND attname = 'is_founding')";
const ADD_IS_FOUNDING: &str =
    "ALTER TABLE atelier.schema_meta ADD COLUMN is_founding boolean NOT NULL DEFAULT false";

/// Where a file came from when it was applied.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin<'a> {
    /// The image that ran.
    pub(super) image: Option<&'a str>,
    /// The plan that was approved, of a contract.
    pub(super) plan_hash: Option<&'a str>,
}

/// One applied file, as both tables together tell it.
#[derive(Clone, Debug, FromRow, serde::Serialize)]
pub struct AppliedRow {
    /// Its number.
    pub version: i64,
    /// sqlx's description.
    pub description: String,
    /// False while, or after, a file outside a transaction was cut short by another tool.
    pub success: bool,
    /// SHA-384 of the text that was applied.
    #[serde(skip)]
    pub checksum: Vec<u8>,
    /// `expand` or `contract`; none for a row that only sqlx's table has.
    pub phase: Option<String>,
}

/// The singleton of `schema_meta`.
#[derive(Clone, Debug, FromRow)]
pub struct Meta {
    /// The lowest schema version that an application must have been built for; raised by contracts.
    pub min_app_schema: i32,
    /// How often this database came back from a backup.
    pub history_epoch: i32,
    /// What the schema looked like after the last `up`; see [`super::fingerprint`].
    pub fingerprint: Option<String>,
    /// Whether the first `up` has not come to its end: nobody has ever worked here, so there is nothing to lose.
    pub is_founding: bool,
}

impl Default for Meta {
    /// Before any migrator was here.
    fn default() -> Self {
        Self { min_app_schema: 0, history_epoch: 0, fingerprint: None, is_founding: true }
    }
}

/// All that is remembered.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// Applied files, lowest number first.
    pub applied: Vec<AppliedRow>,
    /// The singleton.
    pub meta: Meta,
}

impl Memory {
    /// Highest applied expand, 0 for none.
    pub fn schema_version(&self) -> i64 {
        let expand = |row: &&AppliedRow| row.success && row.phase.as_deref() == Some(Phase::Expand.name());
        self.applied.iter().filter(expand).map(|row| row.version).max().unwrap_or(0)
    }

    /// The row of a file, if it was applied.
    pub fn row(&self, version: i64) -> Option<&AppliedRow> {
        self.applied.iter().find(|row| row.version == version)
    }
}

/// Makes schema and tables unless they are there. The schema is looked for first: `CREATE SCHEMA IF NOT EXISTS` asks for
/// the right to create one even when there is nothing to create, and an owner of the schema alone does not have it.
///
/// What is new of them with this release changes the schema's looks; where nobody else did (`unchanged`), they are written down anew.
pub(super) async fn prepare(connection: &mut PgConnection, unchanged: bool) -> Result<(), sqlx::Error> {
    let exists: bool =
        query_scalar("SELECT to_regnamespace('atelier') IS NOT NULL").fetch_one(&mut *connection).await?;
    let mut transaction = connection.begin().await?;
    if !exists {
        transaction.execute("CREATE SCHEMA atelier").await?;
    }
    raw_sql(TABLES).execute(&mut *transaction).await?;
    raw_sql(adopt::memory::TABLES).execute(&mut *transaction).await?;
    if query_scalar(IS_FOUNDING_MISSING).fetch_one(&mut *transaction).await? {
        transaction.execute(ADD_IS_FOUNDING).await?;
    }
    if unchanged {
        fingerprint::write_down(&mut transaction).await?;
    }
    transaction.commit().await
}

/// The migrator's tables without which nothing can be said.
const ESSENTIAL: [&str; 3] = ["_sqlx_migrations", "schema_meta", "schema_meta_files"];

/// A part of the bookkeeping is gone. What is left of it is no memory: a database that has served for years must never look new.
#[derive(Debug, thiserror::Error)]
#[error(
    "the migrator's own tables are not whole: {missing} is missing; restore it from a backup, or ask what happened, before anything runs here"
)]
struct NotWhole {
    missing: String,
}

impl From<NotWhole> for sqlx::Error {
    fn from(error: NotWhole) -> Self {
        Self::Decode(Box::new(error))
    }
}

/// Reads everything, or `None` when no migrator has been here.
pub async fn read(connection: &mut PgConnection) -> Result<Option<Memory>, sqlx::Error> {
    let there: Vec<String> = query_scalar(
        "SELECT relname::text FROM pg_catalog.pg_class
         WHERE relnamespace = pg_catalog.to_regnamespace('atelier') AND relname = ANY($1) AND relkind = 'r'",
    )
    .bind(ESSENTIAL.as_slice())
    .fetch_all(&mut *connection)
    .await?;
    if there.is_empty() {
        return Ok(None);
    }
    if let Some(missing) = ESSENTIAL.iter().find(|table| there.iter().all(|it| it != *table)) {
        return Err(NotWhole { missing: format!("atelier.{missing}") }.into());
    }
    let applied = query_as(
        "SELECT s.version, s.description, s.success, s.checksum, f.phase
         FROM atelier._sqlx_migrations AS s
         LEFT JOIN atelier.schema_meta_files AS f ON f.version = s.version
         ORDER BY s.version",
    )
    .fetch_all(&mut *connection)
    .await?;
    // By way of JSON, since a database of an earlier release has no such column before the next change, and was founded then.
    let meta = query_as(
        "SELECT min_app_schema, history_epoch, fingerprint,
            coalesce((to_jsonb(m) ->> 'is_founding')::boolean, false) AS is_founding
         FROM atelier.schema_meta AS m",
    )
    .fetch_optional(&mut *connection)
    .await?
    .ok_or_else(|| NotWhole { missing: "the row of atelier.schema_meta".to_owned() })?;
    Ok(Some(Memory { applied, meta }))
}

/// Whether contracts run without an approval: the first `up` has not come to its end, and nobody has begun to work here. A service
/// may become ready before that end, so what it wrote is looked at as well, and who is connected that is older than `newest`.
pub(super) async fn is_new(
    connection: &mut PgConnection,
    memory: &Memory,
    newest: i64,
) -> Result<bool, sqlx::Error> {
    if !memory.meta.is_founding {
        return Ok(false);
    }
    let there: bool =
        query_scalar("SELECT to_regclass('atelier.orders') IS NOT NULL").fetch_one(&mut *connection).await?;
    let is_used = there
        && query_scalar("SELECT EXISTS (SELECT FROM atelier.orders)").fetch_one(&mut *connection).await?;
    Ok(!is_used && applications::older_than(connection, newest).await?.is_empty())
}

/// Remembers an applied file; the caller holds the transaction. The time it took is not known before the commit.
pub(super) async fn remember(
    connection: &mut PgConnection,
    migration: &Migration,
    origin: Origin<'_>,
) -> Result<(), sqlx::Error> {
    query(
        "INSERT INTO atelier._sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES ($1, $2, true, $3, -1)",
    )
    .bind(migration.version)
    .bind(migration.description())
    .bind(migration.checksum().as_slice())
    .execute(&mut *connection)
    .await?;
    query(
        "INSERT INTO atelier.schema_meta_files (version, phase, down_sql, image, plan_hash)
         VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(migration.version)
    .bind(migration.phase.name())
    .bind(migration.down_sql.as_deref())
    .bind(origin.image)
    .bind(origin.plan_hash)
    .execute(&mut *connection)
    .await?;
    Ok(())
}

/// Applications of a schema below `needed` are un-ready from now on.
pub(super) async fn raise_min_app_schema(
    connection: &mut PgConnection,
    needed: i64,
) -> Result<(), sqlx::Error> {
    query("UPDATE atelier.schema_meta SET min_app_schema = greatest(min_app_schema, $1::int8)")
        .bind(needed)
        .execute(connection)
        .await
        .map(|_| ())
}

/// From now on there may be something to lose.
pub(super) async fn end_founding(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    query("UPDATE atelier.schema_meta SET is_founding = false WHERE is_founding")
        .execute(connection)
        .await
        .map(|_| ())
}

/// Adds how long the file took, in sqlx's nanoseconds. A loss of this is of no consequence.
pub(super) async fn remember_time(connection: &mut PgConnection, migration: &Migration, took: Duration) {
    let written = query("UPDATE atelier._sqlx_migrations SET execution_time = $1 WHERE version = $2")
        .bind(i64::try_from(took.as_nanos()).unwrap_or(i64::MAX))
        .bind(migration.version)
        .execute(connection)
        .await;
    if let Err(error) = written {
        tracing::debug!(%error, file = migration.file, "the time it took was not written down");
    }
}
