//! `verify`: is the database still what the migrations made of it? Reports, never repairs.

mod finding;
mod guards;
mod memory;
mod rights;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{query_as, query_scalar};

use super::bookkeeping::{self, Memory};
use super::files::{MigrationSet, Phase};
use super::fingerprint;
use super::history::{HistoryError, check_history_law};
use super::roles::Roles;
use super::session::{self, CONNECT_DEADLINE, ConnectError};

pub use finding::Finding;

/// What `verify` found.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Verification {
    /// Highest applied expand.
    pub schema_version: i64,
    /// All that is wrong, empty if nothing is.
    pub findings: Vec<Finding>,
    /// Whether a change by hand could be seen: the looks were written down by this server's major version, and in this release's form.
    pub looks_are_known: bool,
}

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The database is out of reach.
    #[error("the schema could not be verified")]
    Connect(#[from] ConnectError),
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
    let read = session::look(database, CONNECT_DEADLINE, async |connection: &mut PgConnection| {
        Ok::<_, VerifyError>(check_history_law(connection).await)
    });
    match read.await? {
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
    session::look(database, CONNECT_DEADLINE, async |connection: &mut PgConnection| {
        examine(connection, migrations, roles).await
    })
    .await
}

async fn examine(
    connection: &mut PgConnection,
    migrations: &MigrationSet,
    roles: Option<&Roles>,
) -> Result<Verification, VerifyError> {
    let read = |what| move |source| VerifyError::Read { what, source };
    let memory = bookkeeping::read(connection).await.map_err(read("bookkeeping"))?;
    let Some(memory) = memory else {
        return Ok(Verification {
            schema_version: 0,
            findings: vec![Finding::NoBookkeeping],
            looks_are_known: false,
        });
    };
    let mut findings = rows(migrations, &memory);
    findings.extend(memory::examine(connection, migrations, &memory).await.map_err(read("bookkeeping"))?);
    findings.extend(indexes(connection).await.map_err(read("indexes"))?);
    findings.extend(constraints(connection).await.map_err(read("constraints"))?);
    findings.extend(guards::examine(connection, migrations, &memory).await.map_err(read("triggers"))?);
    findings.extend(heirs(connection).await.map_err(read("tables"))?);
    findings.extend(rights::wrong(connection, roles).await.map_err(read("grants"))?);
    let known = memory.meta.fingerprint.as_deref();
    let unchanged = fingerprint::unchanged(connection, known).await.map_err(read("schema"))?;
    if unchanged == Some(false) {
        findings.push(Finding::Drift);
    }
    let looks_are_known = unchanged.is_some();
    Ok(Verification { schema_version: memory.schema_version(), findings, looks_are_known })
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
        let file = migrations.iter().find(|file| file.version == version);
        let is_other = file.is_some_and(|file| row.phase.as_deref() != Some(file.phase.name()));
        if row.phase.is_none() || !row.success || is_other {
            findings.push(Finding::ForeignRow { version, description });
        } else if file.is_none() {
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

async fn heirs(connection: &mut PgConnection) -> Result<Vec<Finding>, sqlx::Error> {
    let found: Vec<(String, String)> = query_as(
        "SELECT i.inhrelid::regclass::text, p.relname::text
         FROM pg_inherits AS i JOIN pg_class AS p ON p.oid = i.inhparent JOIN pg_class AS c ON c.oid = i.inhrelid
         WHERE p.relnamespace = to_regnamespace('atelier') AND p.relkind = 'r' AND c.relkind <> 'i' ORDER BY 1",
    )
    .fetch_all(connection)
    .await?;
    Ok(found.into_iter().map(|(table, of)| Finding::Heir { table, of }).collect())
}
