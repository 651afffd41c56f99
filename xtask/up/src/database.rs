//! The database inside the server: made, given its logins, migrated.

use std::time::Duration;

use migrator::migrate::{self, ChangeOptions, Roles};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Connection};
use testkit::postgres::SUPERUSER;
use tokio::time::timeout;

use crate::say::say;
use crate::server::Server;

const DATABASE: &str = "atelier";
const OWNER: &str = "atelier_owner";
const WRITER: &str = "atelier_writer";
const READER: &str = "atelier_reader";
/// Somebody's server is there or it is not; ours has answered already.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Why there is no migrated database.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DatabaseError {
    #[error("'{url}' is no address of a PostgreSQL database")]
    Address { url: String, source: sqlx::Error },
    #[error("'{url}' must begin with postgres://")]
    Scheme { url: String },
    #[error("'{url}' names no database; it is the last part, as in postgres://user@host:5432/atelier")]
    Nameless { url: String },
    #[error("no connection to the database")]
    Connect(#[source] sqlx::Error),
    #[error("the server did not answer within {CONNECT_TIMEOUT:?}")]
    NoAnswer,
    #[error("the database could not be made")]
    Create(#[source] sqlx::Error),
    #[error("the logins could not be made")]
    Logins(#[source] sqlx::Error),
    #[error("the names of the logins are wrong")]
    Roles(#[source] migrator::migrate::roles::RolesError),
    #[error("the migrations of this release cannot be read")]
    Files(#[source] migrator::migrate::files::FilesError),
    #[error("the migrations were not applied")]
    Migrate(#[source] migrate::ChangeError),
}

/// As whom the services connect.
#[derive(Debug)]
pub(crate) struct Logins {
    /// A person who wants to look around: what to type, or the address. Shown, so without a password.
    pub(crate) admin: String,
    /// order-status.
    pub(crate) writer: String,
    /// orders.
    pub(crate) reader: String,
}

/// Our own server gets the split tier: an owner who migrates, a writer and a reader who cannot.
pub(crate) async fn prepare_own(server: &Server) -> Result<Logins, DatabaseError> {
    create(server.admin()).await?;
    let database = server.admin().clone().database(DATABASE);
    let roles = Roles::new(OWNER, WRITER, READER).map_err(DatabaseError::Roles)?;
    let mut admin = PgConnection::connect_with(&database).await.map_err(DatabaseError::Connect)?;
    let mut script = roles.script(DATABASE);
    if let Some(password) = server.password() {
        // Hexadecimal digits, which need no quoting anywhere.
        for login in [OWNER, WRITER, READER] {
            script += &["\nALTER ROLE ", login, " PASSWORD '", password, "';"].concat();
        }
    }
    sqlx::raw_sql(AssertSqlSafe(script)).execute(&mut admin).await.map_err(DatabaseError::Logins)?;
    drop(admin.close().await);
    migrate(&database.clone().username(OWNER), Some(roles)).await?;
    say!("            logins: {OWNER} migrates, {WRITER} serves order-status, {READER} serves orders");
    Ok(Logins {
        admin: server.psql(DATABASE),
        writer: server.url(WRITER, DATABASE),
        reader: server.url(READER, DATABASE),
    })
}

/// Somebody's database gets the single tier: its login owns the schema and both services work as it.
pub(crate) async fn prepare_given(url: &str) -> Result<Logins, DatabaseError> {
    // The library takes any scheme for its own.
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(DatabaseError::Scheme { url: masked(url) });
    }
    let options: PgConnectOptions =
        url.parse().map_err(|source| DatabaseError::Address { url: masked(url), source })?;
    let name = options.get_database().ok_or_else(|| DatabaseError::Nameless { url: masked(url) })?;
    say!("PostgreSQL  {}:{}, database {name}", options.get_host(), options.get_port());
    let connected = timeout(CONNECT_TIMEOUT, PgConnection::connect_with(&options)).await;
    drop(connected.map_err(|_| DatabaseError::NoAnswer)?.map_err(DatabaseError::Connect)?.close().await);
    migrate(&options, None).await?;
    say!(
        "            one login for everything: '{}' owns the schema and both services work as it",
        options.get_username()
    );
    Ok(Logins { admin: masked(url), writer: url.to_owned(), reader: url.to_owned() })
}

/// A fresh database with the schema, for as long as the server lives.
pub(crate) async fn prepare_scratch(server: &Server) -> Result<String, DatabaseError> {
    create(server.admin()).await?;
    let database = server.admin().clone().database(DATABASE);
    migrate(&database, None).await?;
    Ok(server.url(SUPERUSER, DATABASE))
}

async fn create(admin: &PgConnectOptions) -> Result<(), DatabaseError> {
    let mut admin = PgConnection::connect_with(admin).await.map_err(DatabaseError::Connect)?;
    let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
        .bind(DATABASE)
        .fetch_one(&mut admin)
        .await
        .map_err(DatabaseError::Create)?;
    if !exists {
        let statement = AssertSqlSafe(format!("CREATE DATABASE {DATABASE}"));
        sqlx::raw_sql(statement).execute(&mut admin).await.map_err(DatabaseError::Create)?;
    }
    // The answer stands whether or not the server hears the farewell.
    drop(admin.close().await);
    Ok(())
}

async fn migrate(database: &PgConnectOptions, roles: Option<Roles>) -> Result<(), DatabaseError> {
    let options = ChangeOptions { roles, ..ChangeOptions::embedded().map_err(DatabaseError::Files)? };
    let report = migrate::up(database, &options).await.map_err(DatabaseError::Migrate)?;
    let done = if report.applied.is_empty() {
        "nothing to do".to_owned()
    } else {
        format!("{} applied", report.applied.len())
    };
    say!("Migrations  schema version {}, {done}", report.schema_version);
    if !report.contracts_pending.is_empty() {
        let waiting = report.contracts_pending.join(", ");
        say!("            waiting for an approval: {waiting} (docs/migrations.md)");
    }
    Ok(())
}

/// The address without what stands between `//` and `@`.
fn masked(url: &str) -> String {
    match (url.find("//"), url.rfind('@')) {
        (Some(begin), Some(end)) if begin < end => format!("{}***{}", &url[..begin + 2], &url[end..]),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_repeated() {
        assert_eq!(masked("postgres://me:se@cret@host/db"), "postgres://***@host/db");
        assert_eq!(masked("nonsense"), "nonsense");
    }
}
