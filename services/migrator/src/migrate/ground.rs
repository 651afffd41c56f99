//! What a plan stands on, and its hash: which database this is, what its schema looks like, and what was applied to it.

use sha2::{Digest, Sha256};
use sqlx::postgres::PgConnection;
use sqlx::{FromRow, query_as, query_scalar};

use super::backfill::Progress;
use super::bookkeeping::Memory;
use super::files::hex;
use super::fingerprint;

/// Half of SHA-256: it fits where Kubernetes takes 63 characters, and nobody finds another plan of the same hash.
const HASH_BYTES: usize = 16;

/// Which database: a copy of it, or one of the same name elsewhere, is another.
#[derive(Clone, Debug, PartialEq, Eq, FromRow, serde::Serialize)]
pub struct Identity {
    /// Its name.
    pub name: String,
    /// Its number on the server.
    pub oid: i64,
    /// The server's own number, made by initdb, as text, since JSON's numbers end below it; absent for a login that may not
    /// read it.
    pub system_identifier: Option<String>,
}

/// The state that a plan is for.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) identity: Identity,
    fingerprint: String,
    hash: Sha256,
}

impl Ground {
    pub(super) async fn read(
        connection: &mut PgConnection,
        memory: &Memory,
        progress: &[Progress],
    ) -> Result<Self, sqlx::Error> {
        let mut identity: Identity = query_as(
            "SELECT datname::text AS name, oid::bigint AS oid, NULL::text AS system_identifier
             FROM pg_database WHERE datname = current_database()",
        )
        .fetch_one(&mut *connection)
        .await?;
        // Asked by itself: a statement that names a function is refused whole, whether or not it would come to call it.
        let may: bool =
            query_scalar("SELECT has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')")
                .fetch_one(&mut *connection)
                .await?;
        if may {
            let number = "SELECT system_identifier::text FROM pg_catalog.pg_control_system()";
            identity.system_identifier = query_scalar(number).fetch_one(&mut *connection).await?;
        }
        let fingerprint = fingerprint::compute(connection).await?;
        let mut hash = Sha256::new();
        add(&mut hash, b"atelier plan 1");
        add(&mut hash, identity.name.as_bytes());
        add(&mut hash, &identity.oid.to_be_bytes());
        add(&mut hash, identity.system_identifier.as_deref().unwrap_or_default().as_bytes());
        add(&mut hash, fingerprint.as_bytes());
        for row in &memory.applied {
            add(&mut hash, &row.version.to_be_bytes());
            add(&mut hash, row.phase.as_deref().unwrap_or_default().as_bytes());
            add(&mut hash, &row.checksum);
            add(&mut hash, &[u8::from(row.success)]);
        }
        add(&mut hash, b"backfills");
        for row in progress.iter().filter(|row| row.finished_at.is_some()) {
            add(&mut hash, &row.version.to_be_bytes());
            add(&mut hash, &row.checksum);
        }
        Ok(Self { identity, fingerprint, hash })
    }

    /// The hash of running these files, of name and text, in this order.
    pub(super) fn hash_of<'a>(&self, files: impl Iterator<Item = (&'a str, &'a str)>) -> String {
        let mut hash = self.hash.clone();
        add(&mut hash, b"files");
        for (name, text) in files {
            add(&mut hash, name.as_bytes());
            add(&mut hash, text.as_bytes());
        }
        hex(&hash.finalize()[..HASH_BYTES])
    }

    /// Whether the schema is not what the last change left; absent where that cannot be told.
    pub(super) fn is_drifted(&self, memory: &Memory) -> Option<bool> {
        fingerprint::same(memory.meta.fingerprint.as_deref()?, &self.fingerprint).map(|same| !same)
    }
}

/// Each part is led by its length, so that no two lists of parts look the same.
fn add(hash: &mut Sha256, part: &[u8]) {
    hash.update(part.len().to_be_bytes());
    hash.update(part);
}
