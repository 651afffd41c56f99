//! What the new database remembers of an adoption: whose it is, how far it came, what each old order looked like when it was taken over.
//!
//! It stands beside the migrator's other bookkeeping, and names nobody: orders by number, old rows by their hash.

use sqlx::postgres::PgConnection;
use sqlx::{FromRow, query, query_as, query_scalar};

use super::AdoptOptions;

/// Made with the rest of the bookkeeping by each `up`.
///
/// `schema_meta_adopted.version` is the order's version as we left it, so that a later move is noticed; an old order that was left out
/// has none. A hash that is gone means that a person of the order was erased: nothing of it is taken over again.
pub(in crate::migrate) const TABLES: &str = "
CREATE TABLE IF NOT EXISTS atelier.schema_meta_adoption (
    only_row boolean PRIMARY KEY DEFAULT true CONSTRAINT schema_meta_adoption_only_row CHECK (only_row),
    source text NOT NULL,
    time_zone text NOT NULL,
    doubt text NOT NULL,
    done_to bigint NOT NULL DEFAULT 0,
    is_finished boolean NOT NULL DEFAULT false
);
CREATE TABLE IF NOT EXISTS atelier.schema_meta_adopted (
    order_id bigint PRIMARY KEY,
    source_hash uuid,
    version bigint
);
CREATE TABLE IF NOT EXISTS atelier.schema_meta_adoption_findings (
    order_id bigint NOT NULL,
    old_table text NOT NULL,
    old_id bigint NOT NULL,
    rule text NOT NULL,
    found text NOT NULL,
    CONSTRAINT schema_meta_adoption_findings_pkey PRIMARY KEY (order_id, old_table, old_id, rule)
);
";

/// Whether this release's `up` has made the tables.
pub(in crate::migrate) async fn is_there(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    query_scalar("SELECT to_regclass('atelier.schema_meta_adoption_findings') IS NOT NULL")
        .fetch_one(connection)
        .await
}

/// The adoption that this database has seen.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub(super) struct Adoption {
    /// Which old database.
    pub(super) source: String,
    /// How its times were read.
    pub(super) time_zone: String,
    /// How doubt was settled.
    pub(super) doubt: String,
    /// The key up to which the pass that was begun last came.
    pub(super) done_to: i64,
    /// Whether that pass came to its end.
    pub(super) is_finished: bool,
}

/// Reads it.
pub(super) async fn read(connection: &mut PgConnection) -> Result<Option<Adoption>, sqlx::Error> {
    query_as("SELECT source, time_zone, doubt, done_to, is_finished FROM atelier.schema_meta_adoption")
        .fetch_optional(connection)
        .await
}

/// Begins a pass, or goes on with the one that was cut short: after which key. A quick one always begins with the first: no verification
/// comes after it, by which a change behind the pass that was cut short would be noticed.
pub(super) async fn begin(
    connection: &mut PgConnection,
    source: &str,
    how: &AdoptOptions,
) -> Result<i64, sqlx::Error> {
    query_scalar(
        "INSERT INTO atelier.schema_meta_adoption AS a (source, time_zone, doubt) VALUES ($1, $2, $3)
         ON CONFLICT (only_row) DO UPDATE SET source = excluded.source, is_finished = false,
            done_to = CASE WHEN a.is_finished OR $4 THEN 0 ELSE a.done_to END
         RETURNING done_to",
    )
    .bind(source)
    .bind(&how.time_zone)
    .bind(how.doubt.name())
    .bind(how.is_quick)
    .fetch_one(connection)
    .await
}

/// Remembers how far the pass came.
pub(super) async fn reached(connection: &mut PgConnection, key: i64) -> Result<(), sqlx::Error> {
    query("UPDATE atelier.schema_meta_adoption SET done_to = $1")
        .bind(key)
        .execute(connection)
        .await
        .map(|_| ())
}

/// The pass is over; the next one begins at the first key.
pub(super) async fn finish(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    query("UPDATE atelier.schema_meta_adoption SET is_finished = true").execute(connection).await.map(|_| ())
}

/// One hash of all old orders between two keys, as they were when they were last looked at.
pub(super) async fn digest(
    connection: &mut PgConnection,
    after: i64,
    upto: i64,
) -> Result<String, sqlx::Error> {
    query_scalar(
        "SELECT coalesce(md5(string_agg(order_id || source_hash::text, '' ORDER BY order_id)), '')
         FROM atelier.schema_meta_adopted WHERE order_id > $1 AND order_id <= $2",
    )
    .bind(after)
    .bind(upto)
    .fetch_one(connection)
    .await
}
