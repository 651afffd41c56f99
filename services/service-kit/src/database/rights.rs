//! What a login must be allowed to do, so that a service can do its work: asked of the server, never tried out.
//!
//! Without this, a login that lacks a right (after a restore without grants, with two Secrets exchanged) would be found by the
//! first caller whose request needs it.

use sqlx::PgConnection;

/// What a service needs: a verb of SQL, and what it is done to.
pub type Rights = &'static [(&'static str, &'static str)];

/// Those of `needed` that this session's login does not have, in words. Of a table's columns one is enough: which a service may
/// change is no matter of the service's.
pub(super) async fn lacking(
    connection: &mut PgConnection,
    needed: Rights,
) -> Result<Vec<String>, sqlx::Error> {
    let (verbs, objects): (Vec<&str>, Vec<&str>) = needed.iter().copied().unzip();
    sqlx::query_scalar(
        "SELECT format('%s on atelier.%s', verb, object)
         FROM unnest($1::text[], $2::text[]) AS needed (verb, object)
         CROSS JOIN to_regclass('atelier.' || object) AS place
         WHERE NOT coalesce(CASE verb
             WHEN 'USAGE' THEN has_sequence_privilege(place, verb)
             WHEN 'DELETE' THEN has_table_privilege(place, verb)
             ELSE has_any_column_privilege(place, verb)
         END, false)",
    )
    .bind(verbs)
    .bind(objects)
    .fetch_all(connection)
    .await
}
