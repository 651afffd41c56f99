//! What every change of the schema begins and ends with, be it `up`, its contracts or `down`: a connection that gives way to
//! a stop, the lock, the judgement whether this binary may touch the database, the bookkeeping, and the grants at the end.

use std::time::Duration;

use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgConnection};

use super::apply::ApplyError;
use super::bookkeeping::{self, Memory};
use super::files::{FilesError, MigrationSet};
use super::grants::{self, GrantsError};
use super::lock::{self, Held, Key, LockError};
use super::roles::Roles;
use super::session::{self, ConnectError};
use super::{adopt, fingerprint, plan, verify};

/// How a change goes about it.
#[derive(Clone, Debug)]
pub struct ChangeOptions {
    /// The files; [`MigrationSet::embedded`] but in tests.
    pub migrations: MigrationSet,
    /// The logins of the split tier. None is the single tier: the one login owns everything and nothing is granted.
    pub roles: Option<Roles>,
    /// How long to wait for the server, for the lock, and (each file anew) for busy tables.
    pub deadline: Duration,
    /// The image that this runs in, to be remembered.
    pub image: Option<String>,
    /// Where expands wait for an approval: the hash of the plan under which alone they may run.
    pub approved_up_hash: Option<String>,
}

impl ChangeOptions {
    /// The embedded files, single tier, a minute of patience.
    pub fn embedded() -> Result<Self, FilesError> {
        Ok(Self {
            migrations: MigrationSet::embedded()?,
            roles: None,
            deadline: Duration::from_mins(1),
            image: None,
            approved_up_hash: None,
        })
    }

    /// The address, under the name that the server shows us by.
    pub(super) fn named(&self, database: &PgConnectOptions) -> PgConnectOptions {
        let ours = self.migrations.schema_version();
        database.clone().application_name(&format!("{}{ours}", super::applications::MIGRATOR))
    }
}

/// Why a change stopped. Files applied before stay applied; running it again goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The database is out of reach.
    #[error("nothing was begun")]
    Connect(#[source] ConnectError),
    /// Somebody else is at it, or a pooler is.
    #[error("the migration lock is needed first")]
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
    /// What `up` would do is not what was approved.
    #[error(
        "the approved plan is {approved}, but the plan is {actual} now: read `migrator plan` again, and approve that"
    )]
    NotApproved {
        /// The hash that was given.
        approved: String,
        /// The hash of what would be done.
        actual: String,
    },
    /// It was asked to stop.
    #[error("stopped before everything was done; what was done stays")]
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

impl ChangeError {
    /// For `map_err`.
    pub(super) fn bookkeeping(doing: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |source| Self::Bookkeeping { doing, source }
    }
}

/// Does `work` under the lock, and the grants after it. Gives way when `stop` comes about: the running statement is
/// cancelled, and its file with it.
pub(super) async fn change<T, E: From<ChangeError>>(
    database: &PgConnectOptions,
    options: &ChangeOptions,
    stop: impl Future<Output = ()>,
    work: impl AsyncFnOnce(&mut PgConnection, &Held, Memory) -> Result<T, E>,
) -> Result<T, E> {
    let database = options.named(database);
    let connected = async {
        let mut connection =
            session::connect(&database, options.deadline).await.map_err(ChangeError::Connect)?;
        let backend = session::backend(&mut connection)
            .await
            .map_err(|source| ChangeError::Connect(ConnectError::Prepare(source)))?;
        Ok::<_, ChangeError>((connection, backend))
    };
    tokio::pin!(stop);
    let (mut connection, backend) = tokio::select! {
        connected = connected => connected?,
        () = &mut stop => return Err(ChangeError::Stopped.into()),
    };
    let done = tokio::select! {
        done = under_lock(&mut connection, &database, options, work) => done,
        () = &mut stop => {
            // The socket alone would tell the server as well, but only when it next looks.
            session::cancel(&database, backend).await;
            return Err(ChangeError::Stopped.into());
        }
    };
    // The answer stands whether or not the server hears the farewell; the lock ends with the session.
    let _ = connection.close().await;
    done
}

async fn under_lock<T, E: From<ChangeError>>(
    connection: &mut PgConnection,
    database: &PgConnectOptions,
    options: &ChangeOptions,
    work: impl AsyncFnOnce(&mut PgConnection, &Held, Memory) -> Result<T, E>,
) -> Result<T, E> {
    grants::check(connection, options.roles.as_ref()).await.map_err(ChangeError::Roles)?;
    let held = lock::acquire(connection, database, Key::Migration, options.deadline)
        .await
        .map_err(ChangeError::Lock)?;
    // Before anything is made: the bookkeeping of a new database would be another ground than that of the plan.
    if let Some(approved) = &options.approved_up_hash {
        is_approved(connection, &options.migrations, approved).await?;
    }
    let memory = begin(connection, &options.migrations).await?;
    let done = work(connection, &held, memory).await?;
    if let Some(roles) = &options.roles {
        held.assert(connection).await.map_err(ChangeError::Lock)?;
        grants::grant(connection, roles).await.map_err(ChangeError::Grants)?;
    }
    held.release(connection).await;
    Ok(done)
}

async fn is_approved(
    connection: &mut PgConnection,
    migrations: &MigrationSet,
    approved: &str,
) -> Result<(), ChangeError> {
    let plan = plan::current(connection, migrations).await.map_err(ChangeError::bookkeeping("read"))?;
    if plan.up.is_empty() || plan.up_hash == approved {
        return Ok(());
    }
    Err(ChangeError::NotApproved { approved: approved.to_owned(), actual: plan.up_hash })
}

/// Reads what the database remembers, refuses what must not be touched, and makes what is missing of the bookkeeping.
pub(super) async fn begin(
    connection: &mut PgConnection,
    migrations: &MigrationSet,
) -> Result<Memory, ChangeError> {
    let memory = bookkeeping::read(connection).await.map_err(ChangeError::bookkeeping("read"))?;
    let memory = memory.unwrap_or_default();
    judge(migrations, &memory)?;
    let known = memory.meta.fingerprint.as_deref();
    let unchanged =
        fingerprint::unchanged(connection, known).await.map_err(ChangeError::bookkeeping("read"))?;
    if unchanged == Some(false) {
        tracing::warn!(
            "the schema is not what the last change left: somebody changed it by hand; `migrator verify` says more"
        );
    }
    // Looks of another server version, or of another release's telling, can be held against nothing: they are taken as they are.
    let is_old = unchanged.is_none() && known.is_some();
    bookkeeping::prepare(connection, is_old || unchanged == Some(true))
        .await
        .map_err(ChangeError::bookkeeping("prepared"))?;
    Ok(memory)
}

/// Refuses a database that this binary must not touch. Newer is what `min_app_schema` says, never a file that we do not
/// know: an older image after a later expand is fine.
pub(super) fn judge(migrations: &MigrationSet, memory: &Memory) -> Result<(), ChangeError> {
    let (min_app_schema, ours) = (i64::from(memory.meta.min_app_schema), migrations.schema_version());
    if min_app_schema > ours {
        return Err(ChangeError::NewerSchema { min_app_schema, ours });
    }
    match verify::changed_files(migrations, memory).next() {
        Some(file) => Err(ChangeError::Checksum { file }),
        None => Ok(()),
    }
}

/// Whether the database has all that this release makes, for commands that work on rows and leave the schema alone.
pub(super) async fn is_current(
    connection: &mut PgConnection,
    migrations: &MigrationSet,
) -> Result<bool, ChangeError> {
    let memory = bookkeeping::read(connection).await.map_err(ChangeError::bookkeeping("read"))?;
    let memory = memory.unwrap_or_default();
    judge(migrations, &memory)?;
    let is_there = adopt::memory::is_there(connection).await.map_err(ChangeError::bookkeeping("read"))?;
    Ok(is_there && memory.schema_version() >= migrations.schema_version())
}
