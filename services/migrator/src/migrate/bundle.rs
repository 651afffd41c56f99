//! `bundle`: all that a bug report needs, in one JSON. Each part stands for itself, so that what is broken is told instead of
//! ending the rest. It holds no secret: settings and role settings are a fixed list, and configuration comes masked.

use std::error::Error;

use serde_json::{Value, json};
use service_kit::chain;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{query_as, query_scalar};

use super::change::ChangeOptions;
use super::lock::{self, Key};
use super::session::{self, CONNECT_DEADLINE};
use super::{plan, status, verify};

/// The parts, by name.
pub type Bundle = serde_json::Map<String, Value>;

/// Settings of the server, and of roles, that explain how a migration behaves. None of them holds a secret.
const SETTINGS: &[&str] = &[
    "autovacuum",
    "client_connection_check_interval",
    "default_transaction_isolation",
    "default_transaction_read_only",
    "hot_standby",
    "idle_in_transaction_session_timeout",
    "lc_collate",
    "lock_timeout",
    "maintenance_work_mem",
    "max_connections",
    "max_locks_per_transaction",
    "max_prepared_transactions",
    "server_encoding",
    "server_version",
    "session_replication_role",
    "statement_timeout",
    "TimeZone",
    "wal_level",
];

/// Looks at everything.
pub async fn bundle(database: &PgConnectOptions, options: &ChangeOptions) -> Bundle {
    let migrations = &options.migrations;
    let release = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "schema": migrations.schema_version(),
        "migrations": migrations.fingerprint(),
        "files": migrations.iter().map(|file| &file.file).collect::<Vec<_>>(),
    });
    let mut parts = Bundle::new();
    let mut add = |name: &str, part: Value| parts.insert(name.to_owned(), part);
    add("release", release);
    add("server", part(server(database).await));
    add("status", part(status(database, migrations).await));
    add("verify", part(verify(database, migrations, options.roles.as_ref()).await));
    add("plan", part(plan(database, migrations).await));
    parts
}

fn part<T: serde::Serialize, E: Error>(read: Result<T, E>) -> Value {
    let failed = |words: String| json!({ "error": words });
    match read {
        Ok(value) => serde_json::to_value(value).unwrap_or_else(|error| failed(error.to_string())),
        Err(error) => failed(chain(&error)),
    }
}

/// Why the server told nothing.
#[derive(Debug, thiserror::Error)]
enum ServerError {
    #[error("the server is out of reach")]
    Connect(#[from] session::ConnectError),
    #[error("the lock could not be looked at")]
    Lock(#[source] lock::LockError),
    #[error("the server could not be asked")]
    Read(#[source] sqlx::Error),
}

async fn server(database: &PgConnectOptions) -> Result<Value, ServerError> {
    session::look(database, CONNECT_DEADLINE, async |connection: &mut PgConnection| {
        let whoami: String = query_scalar("SELECT current_user::text")
            .fetch_one(&mut *connection)
            .await
            .map_err(ServerError::Read)?;
        Ok(json!({
            "login": whoami,
            "settings": settings(connection).await.map_err(ServerError::Read)?,
            "roles": roles(connection).await.map_err(ServerError::Read)?,
            "grants": grants(connection).await.map_err(ServerError::Read)?,
            "tables": tables(connection).await.map_err(ServerError::Read)?,
            "migration_lock": lock::holder(connection, Key::Migration).await.map_err(ServerError::Lock)?,
            "backfill_lock": lock::holder(connection, Key::Backfill).await.map_err(ServerError::Lock)?,
        }))
    })
    .await
}

/// As a new session of this login has them, not as ours has set them.
async fn settings(connection: &mut PgConnection) -> Result<Value, sqlx::Error> {
    let rows: Vec<(String, String)> = query_as(
        "SELECT name, coalesce(reset_val, setting) FROM pg_settings WHERE name = ANY($1) ORDER BY name",
    )
    .bind(SETTINGS)
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|(name, setting)| (name, Value::String(setting))).collect())
}

/// Whoever owns or holds something in the schema, without what only superusers see; of their settings only the listed ones.
async fn roles(connection: &mut PgConnection) -> Result<Vec<Value>, sqlx::Error> {
    let rows: Vec<(String, bool, bool, Vec<String>)> = query_as(
        "WITH theirs AS (
            SELECT nspowner AS role FROM pg_namespace WHERE nspname = 'atelier'
            UNION SELECT a.grantee FROM pg_namespace AS n, aclexplode(n.nspacl) AS a WHERE n.nspname = 'atelier'
            UNION SELECT relowner FROM pg_class WHERE relnamespace = to_regnamespace('atelier')
            UNION SELECT oid FROM pg_roles WHERE rolname = current_user
         )
         SELECT r.rolname::text, r.rolcanlogin, r.rolsuper,
            ARRAY(SELECT s FROM unnest(r.rolconfig) AS s WHERE split_part(s, '=', 1) = ANY($1))
         FROM pg_roles AS r JOIN theirs ON theirs.role = r.oid ORDER BY 1",
    )
    .bind(SETTINGS)
    .fetch_all(connection)
    .await?;
    let shown = |(name, can_login, is_superuser, settings)| json!({ "name": name, "can_login": can_login, "is_superuser": is_superuser, "settings": settings });
    Ok(rows.into_iter().map(shown).collect())
}

/// Access lists in PostgreSQL's own notation; absent where nothing was granted.
async fn grants(connection: &mut PgConnection) -> Result<Value, sqlx::Error> {
    let rows: Vec<(String, Option<String>)> = query_as(
        "SELECT 'schema', nspacl::text FROM pg_namespace WHERE nspname = 'atelier'
         UNION ALL
         SELECT relname::text, relacl::text FROM pg_class
         WHERE relnamespace = to_regnamespace('atelier') AND relkind IN ('r', 'p', 'v', 'm', 'S') ORDER BY 1",
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|(name, list)| (name, json!(list))).collect())
}

/// How large each table is, by the planner's estimate.
async fn tables(connection: &mut PgConnection) -> Result<Value, sqlx::Error> {
    let rows: Vec<(String, i64, i64)> = query_as(
        "SELECT relname::text, reltuples::int8, pg_total_relation_size(oid)
         FROM pg_class WHERE relnamespace = to_regnamespace('atelier') AND relkind IN ('r', 'p') ORDER BY 1",
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|(name, rows, bytes)| (name, json!({ "rows": rows, "bytes": bytes }))).collect())
}
