//! `verify`: is the database still what the migrations made of it? Reports, never repairs.

mod guards;
mod rights;

use std::fmt;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection, query_as, query_scalar};

use super::bookkeeping::{self, Memory};
use super::files::{MigrationSet, Phase};
use super::fingerprint;
use super::history::{HistoryError, check_history_law};
use super::roles::Roles;
use super::session::{self, CONNECT_DEADLINE, ConnectError};

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    /// No migrator has been here.
    NoBookkeeping,
    /// A file was edited after it ran.
    Checksum {
        /// The file.
        file: String,
    },
    /// An expand of this binary has not run.
    MissingRow {
        /// The file.
        file: String,
    },
    /// A row that no file of this binary explains: a later release's, or another tool's.
    ExtraRow {
        /// Its number.
        version: i64,
        /// sqlx's description.
        description: String,
    },
    /// A row that only sqlx's table has, or that says it failed: another tool wrote it.
    ForeignRow {
        /// Its number.
        version: i64,
        /// sqlx's description.
        description: String,
    },
    /// An index that a failed `CREATE INDEX CONCURRENTLY` left behind: it costs and serves nobody.
    InvalidIndex {
        /// Its name.
        index: String,
    },
    /// A constraint that old rows were never held against.
    NotValidConstraint {
        /// Its table.
        table: String,
        /// Its name.
        constraint: String,
    },
    /// A guard of the history is gone.
    GuardMissing {
        /// Its table.
        table: String,
        /// Its name.
        trigger: String,
    },
    /// A guard of the history is switched off.
    GuardDisabled {
        /// Its table.
        table: String,
        /// Its name.
        trigger: String,
    },
    /// A login holds a right that no `up` gives to anybody.
    ForeignGrant {
        /// Who; `PUBLIC` is everybody.
        grantee: String,
        /// What, with the column if it is of one.
        privilege: String,
        /// On which table or sequence; empty for the schema itself.
        object: String,
    },
    /// A login of the configuration lacks a right that every `up` gives it.
    MissingGrant {
        /// Who.
        grantee: String,
        /// What, with the column if it is of one.
        privilege: String,
        /// On which table or sequence; empty for the schema itself.
        object: String,
    },
    /// Something in the schema was changed by hand.
    Drift,
    /// An order is not what its events tell.
    History {
        /// Which, and how.
        sentence: String,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoBookkeeping => write!(f, "no migrator has been here: run `migrator up`"),
            Self::Checksum { file } => write!(f, "{file} was changed after it had been applied"),
            Self::MissingRow { file } => write!(f, "{file} has not been applied"),
            Self::ExtraRow { version, description } => {
                write!(f, "migration {version} ({description}) is applied and unknown to this release")
            }
            Self::ForeignRow { version, description } => {
                write!(
                    f,
                    "migration {version} ({description}) was not recorded by this migrator, or did not finish"
                )
            }
            Self::InvalidIndex { index } => {
                write!(f, "index {index} is INVALID: drop it and create it again")
            }
            Self::NotValidConstraint { table, constraint } => {
                write!(f, "constraint {constraint} of {table} is NOT VALID: older rows were never checked")
            }
            Self::GuardMissing { table, trigger } => {
                write!(f, "trigger {trigger} of {table} is missing: history is not guarded")
            }
            Self::GuardDisabled { table, trigger } => {
                write!(f, "trigger {trigger} of {table} is disabled: history is not guarded")
            }
            Self::ForeignGrant { grantee, privilege, object } => {
                let object = or_schema(object);
                write!(f, "{grantee} holds {privilege} on {object}, which no `up` gives: revoke it")
            }
            Self::MissingGrant { grantee, privilege, object } => {
                let object = or_schema(object);
                write!(f, "{grantee} lacks {privilege} on {object}: `migrator up` gives it again")
            }
            Self::Drift => {
                write!(f, "the schema is not what the last `up` left: something was changed by hand")
            }
            Self::History { sentence } => f.write_str(sentence),
        }
    }
}

fn or_schema(object: &str) -> &str {
    if object.is_empty() { "the schema" } else { object }
}

/// What `verify` found.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Verification {
    /// Highest applied expand.
    pub schema_version: i64,
    /// All that is wrong, empty if nothing is.
    pub findings: Vec<Finding>,
}

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The database is out of reach.
    #[error("the schema could not be verified")]
    Connect(#[source] ConnectError),
    /// A query failed.
    #[error("the {what} could not be read")]
    Read {
        /// Of what.
        what: &'static str,
        /// What the server said.
        source: sqlx::Error,
    },
}

/// Holds each order against its events, which takes as long as reading all of them does; the first few that differ.
pub async fn verify_history(database: &PgConnectOptions) -> Result<Vec<Finding>, VerifyError> {
    let mut connection = session::connect(database, CONNECT_DEADLINE).await.map_err(VerifyError::Connect)?;
    let read = check_history_law(&mut connection).await;
    let _ = connection.close().await;
    match read {
        Ok(()) => Ok(Vec::new()),
        Err(HistoryError::Broken { broken }) => {
            Ok(broken.into_iter().map(|sentence| Finding::History { sentence }).collect())
        }
        Err(HistoryError::Read(source)) => Err(VerifyError::Read { what: "history", source }),
    }
}

/// Holds the database against the files of `migrations`, and the rights of `roles` against what `up` gives them.
pub async fn verify(
    database: &PgConnectOptions,
    migrations: &MigrationSet,
    roles: Option<&Roles>,
) -> Result<Verification, VerifyError> {
    let mut connection = session::connect(database, CONNECT_DEADLINE).await.map_err(VerifyError::Connect)?;
    let read = |what| move |source| VerifyError::Read { what, source };
    let memory = bookkeeping::read(&mut connection).await.map_err(read("bookkeeping"))?;
    let Some(memory) = memory else {
        return Ok(Verification { schema_version: 0, findings: vec![Finding::NoBookkeeping] });
    };
    let mut findings = rows(migrations, &memory);
    findings.extend(indexes(&mut connection).await.map_err(read("indexes"))?);
    findings.extend(constraints(&mut connection).await.map_err(read("constraints"))?);
    findings.extend(guards::examine(&mut connection, migrations, &memory).await.map_err(read("triggers"))?);
    findings.extend(rights::wrong(&mut connection, roles).await.map_err(read("grants"))?);
    let known = memory.meta.fingerprint.as_deref();
    if fingerprint::unchanged(&mut connection, known).await.map_err(read("schema"))? == Some(false) {
        findings.push(Finding::Drift);
    }
    let _ = connection.close().await;
    Ok(Verification { schema_version: memory.schema_version(), findings })
}

/// Files whose text is no longer what was applied.
pub(super) fn changed_files<'a>(
    migrations: &'a MigrationSet,
    memory: &'a Memory,
) -> impl Iterator<Item = String> + 'a {
    migrations
        .iter()
        .filter(|file| memory.row(file.version).is_some_and(|row| row.checksum != file.checksum()))
        .map(|file| file.file.clone())
}

fn rows(migrations: &MigrationSet, memory: &Memory) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        changed_files(migrations, memory).map(|file| Finding::Checksum { file }).collect();
    findings.extend(
        migrations
            .iter()
            .filter(|file| file.phase == Phase::Expand && memory.row(file.version).is_none())
            .map(|file| Finding::MissingRow { file: file.file.clone() }),
    );
    for row in &memory.applied {
        let (version, description) = (row.version, row.description.clone());
        if row.phase.is_none() || !row.success {
            findings.push(Finding::ForeignRow { version, description });
        } else if !migrations.iter().any(|file| file.version == version) {
            findings.push(Finding::ExtraRow { version, description });
        }
    }
    findings
}

async fn indexes(connection: &mut PgConnection) -> Result<Vec<Finding>, sqlx::Error> {
    let invalid: Vec<String> = query_scalar(
        "SELECT c.relname::text FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
         WHERE c.relnamespace = to_regnamespace('atelier') AND NOT (i.indisvalid AND i.indisready) ORDER BY 1",
    )
    .fetch_all(connection)
    .await?;
    Ok(invalid.into_iter().map(|index| Finding::InvalidIndex { index }).collect())
}

async fn constraints(connection: &mut PgConnection) -> Result<Vec<Finding>, sqlx::Error> {
    let not_valid: Vec<(String, String)> = query_as(
        "SELECT c.relname::text, k.conname::text FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid
         WHERE k.connamespace = to_regnamespace('atelier') AND NOT k.convalidated ORDER BY 1, 2",
    )
    .fetch_all(connection)
    .await?;
    let finding = |(table, constraint)| Finding::NotValidConstraint { table, constraint };
    Ok(not_valid.into_iter().map(finding).collect())
}
