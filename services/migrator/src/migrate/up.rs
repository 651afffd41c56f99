//! `up`: every expand that is missing, then the grants. Contracts wait for `plan` and an approval; here they are only named.
//! Running it again changes nothing. It never goes back, and it never touches a database that is newer than this binary.

use std::time::Duration;

use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgConnection};

use super::apply::{self, ApplyError};
use super::bookkeeping::{self, Memory};
use super::files::{FilesError, MigrationSet, Phase};
use super::grants::{self, GrantsError};
use super::lock::{self, Held, LockError};
use super::roles::Roles;
use super::session::{self, ConnectError};
use super::{fingerprint, verify};

/// How `up` goes about it.
#[derive(Clone, Debug)]
pub struct UpOptions {
    /// The files; [`MigrationSet::embedded`] but in tests.
    pub migrations: MigrationSet,
    /// The logins of the split tier. None is the single tier: the one login owns everything and nothing is granted.
    pub roles: Option<Roles>,
    /// How long to wait for the server, for the lock, and (each file anew) for busy tables.
    pub deadline: Duration,
    /// The image that this runs in, to be remembered.
    pub image: Option<String>,
}

impl UpOptions {
    /// The embedded files, single tier, a minute of patience.
    pub fn embedded() -> Result<Self, FilesError> {
        Ok(Self {
            migrations: MigrationSet::embedded()?,
            roles: None,
            deadline: Duration::from_mins(1),
            image: None,
        })
    }
}

/// What `up` did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpReport {
    /// The files that it applied, in order, with the time that each took.
    pub applied: Vec<(String, Duration)>,
    /// The schema's version now: its highest expand.
    pub schema_version: i64,
    /// Contracts of this binary that wait for approval.
    pub contracts_pending: Vec<String>,
    /// Whether grants were made.
    pub granted: bool,
}

/// Why `up` stopped. Files applied before stay applied; running it again goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum UpError {
    /// The database is out of reach.
    #[error("up could not start")]
    Connect(#[source] ConnectError),
    /// Somebody else is at it, or a pooler is.
    #[error("up needs the migration lock")]
    Lock(#[source] LockError),
    /// What the database remembers could not be prepared or read.
    #[error("the migration bookkeeping could not be {doing}")]
    Bookkeeping {
        /// `prepared`, `read` or `updated`.
        doing: &'static str,
        /// What the server said.
        source: sqlx::Error,
    },
    /// A contract of a later release has run; this release would not work.
    #[error(
        "the database asks for applications of schema {min_app_schema} or newer, and this release is of schema {ours}"
    )]
    NewerSchema {
        /// `schema_meta.min_app_schema`.
        min_app_schema: i64,
        /// The highest expand that this binary knows.
        ours: i64,
    },
    /// A file was edited after it ran. Migrations are append-only: restore the file and write a new one.
    #[error("{file} was changed after it had been applied; restore it and put the change into a new file")]
    Checksum {
        /// The file.
        file: String,
    },
    /// It was asked to stop.
    #[error("stopped before everything was applied; what was applied stays")]
    Stopped,
    /// A file failed.
    #[error("a migration was not applied")]
    Apply(#[source] ApplyError),
    /// The roles are not as configured.
    #[error("the schema is in place, but not the grants")]
    Grants(#[source] GrantsError),
    /// The roles are not as configured, found before anything was changed.
    #[error("nothing was changed")]
    Roles(#[source] GrantsError),
}

/// Brings the database up to the highest expand of `options.migrations`.
pub async fn up(database: &PgConnectOptions, options: &UpOptions) -> Result<UpReport, UpError> {
    up_until(database, options, std::future::pending()).await
}

/// [`up`] that gives way when `stop` comes about: the running statement is cancelled, and its file with it.
pub async fn up_until(
    database: &PgConnectOptions,
    options: &UpOptions,
    stop: impl Future<Output = ()>,
) -> Result<UpReport, UpError> {
    let ours = options.migrations.schema_version();
    let database = database.clone().application_name(&format!("atelier/migrator schema={ours}"));
    let connected = async {
        let mut connection = session::connect(&database, options.deadline).await.map_err(UpError::Connect)?;
        let backend = session::backend(&mut connection)
            .await
            .map_err(|source| UpError::Connect(ConnectError::Prepare(source)))?;
        Ok((connection, backend))
    };
    tokio::pin!(stop);
    let (mut connection, backend) = tokio::select! {
        connected = connected => connected?,
        () = &mut stop => return Err(UpError::Stopped),
    };
    let report = tokio::select! {
        report = work(&mut connection, options) => report,
        () = &mut stop => {
            // The socket alone would tell the server as well, but only when it next looks.
            session::cancel(&database, backend).await;
            return Err(UpError::Stopped);
        }
    };
    // The answer stands whether or not the server hears the farewell; the lock ends with the session.
    let _ = connection.close().await;
    report
}

async fn work(connection: &mut PgConnection, options: &UpOptions) -> Result<UpReport, UpError> {
    if let Some(roles) = &options.roles {
        grants::check(connection, roles).await.map_err(UpError::Roles)?;
    }
    let held = lock::acquire(connection, options.deadline).await.map_err(UpError::Lock)?;
    let bookkeeping = |doing| move |source| UpError::Bookkeeping { doing, source };
    let before = bookkeeping::read(connection).await.map_err(bookkeeping("read"))?;
    judge(&options.migrations, before.as_ref())?;
    bookkeeping::prepare(connection).await.map_err(bookkeeping("prepared"))?;

    let memory = before.unwrap_or_default();
    let applied = expand(connection, options, &memory, &held).await?;
    if let Some(roles) = &options.roles {
        held.assert(connection).await.map_err(UpError::Lock)?;
        grants::grant(connection, roles).await.map_err(UpError::Grants)?;
    }
    if !applied.is_empty() {
        fingerprint::write_down(connection).await.map_err(bookkeeping("updated"))?;
    }
    let now = bookkeeping::read(connection).await.map_err(bookkeeping("read"))?.unwrap_or_default();
    held.release(connection).await;
    Ok(UpReport {
        applied,
        schema_version: now.schema_version(),
        contracts_pending: contracts_pending(&options.migrations, &now),
        granted: options.roles.is_some(),
    })
}

/// Refuses a database that this binary must not touch. Newer is what `min_app_schema` says, never a file that we do not
/// know: an older image after a later expand is fine.
fn judge(migrations: &MigrationSet, memory: Option<&Memory>) -> Result<(), UpError> {
    let Some(memory) = memory else { return Ok(()) };
    let (min_app_schema, ours) = (i64::from(memory.meta.min_app_schema), migrations.schema_version());
    if min_app_schema > ours {
        return Err(UpError::NewerSchema { min_app_schema, ours });
    }
    match verify::changed_files(migrations, memory).next() {
        Some(file) => Err(UpError::Checksum { file }),
        None => Ok(()),
    }
}

async fn expand(
    connection: &mut PgConnection,
    options: &UpOptions,
    memory: &Memory,
    held: &Held,
) -> Result<Vec<(String, Duration)>, UpError> {
    let mut applied = Vec::new();
    let missing = |version| memory.row(version).is_none();
    for migration in
        options.migrations.iter().filter(|file| file.phase == Phase::Expand && missing(file.version))
    {
        held.assert(connection).await.map_err(UpError::Lock)?;
        let took = apply::apply(connection, migration, options.image.as_deref(), options.deadline)
            .await
            .map_err(UpError::Apply)?;
        tracing::info!(file = migration.file, ?took, "applied");
        applied.push((migration.file.clone(), took));
    }
    Ok(applied)
}

/// Contracts of `migrations` that have not run.
pub(super) fn contracts_pending(migrations: &MigrationSet, memory: &Memory) -> Vec<String> {
    migrations
        .iter()
        .filter(|file| file.phase == Phase::Contract && memory.row(file.version).is_none())
        .map(|file| file.file.clone())
        .collect()
}
