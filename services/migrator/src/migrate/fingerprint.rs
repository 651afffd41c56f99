//! What the schema looks like, in one line: written down by the `up` that made it, held against the database by `verify`.
//!
//! It covers columns with types and defaults, constraints, indexes, triggers and whether they are enabled, functions, enums,
//! domains, sequences, views, policies, rules, storage and owners. Grants are left out: they follow every `up`, and roles are
//! configuration.

use std::borrow::Cow;

use sha2::{Digest, Sha256};
use sqlx::postgres::PgConnection;
use sqlx::{query, query_scalar};

use super::files::hex;

/// One line an object. Names are shown in full, since the session's path is empty.
const LINES: &str = "
WITH ours AS (SELECT to_regnamespace('atelier')::oid AS schema)
SELECT line FROM ours, LATERAL (
    SELECT format('column %s %s %s %s %s %s %s %s %s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
        a.attnotnull, a.attcollation::regcollation, a.attidentity, a.attgenerated, a.attstorage, a.attcompression,
        pg_get_expr(d.adbin, d.adrelid)) AS line
    FROM pg_class AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = schema AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    UNION ALL
    SELECT format('schema %s', pg_get_userbyid(nspowner)) FROM pg_namespace AS n WHERE n.oid = schema
    UNION ALL
    SELECT format('relation %s %s %s %s %s %s %s %s', c.relname, c.relkind, pg_get_userbyid(c.relowner), c.relpersistence,
        c.reloptions, c.relrowsecurity, c.relforcerowsecurity, c.relreplident)
    FROM pg_class AS c WHERE c.relnamespace = schema AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION ALL
    SELECT format('constraint %s %s %s %s', k.conrelid::regclass, k.conname, k.convalidated, pg_get_constraintdef(k.oid))
    FROM pg_constraint AS k WHERE k.connamespace = schema AND k.contype <> 'n'
    UNION ALL
    SELECT format('index %s %s', i.indisvalid, pg_get_indexdef(i.indexrelid))
    FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid WHERE c.relnamespace = schema
    UNION ALL
    SELECT format('trigger %s %s', t.tgenabled, pg_get_triggerdef(t.oid))
    FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid WHERE c.relnamespace = schema AND NOT t.tgisinternal
    UNION ALL
    SELECT format('function %s %s', pg_get_userbyid(p.proowner), pg_get_functiondef(p.oid))
    FROM pg_proc AS p WHERE p.pronamespace = schema AND p.prokind IN ('f', 'p')
    UNION ALL
    SELECT format('enum %s %s %s', t.typname, pg_get_userbyid(t.typowner),
        (SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_enum AS e WHERE e.enumtypid = t.oid))
    FROM pg_type AS t WHERE t.typnamespace = schema AND t.typtype = 'e'
    UNION ALL
    SELECT format('domain %s %s %s %s %s', t.typname, pg_get_userbyid(t.typowner), format_type(t.typbasetype, t.typtypmod),
        t.typnotnull, t.typdefault)
    FROM pg_type AS t WHERE t.typnamespace = schema AND t.typtype = 'd'
    UNION ALL
    SELECT format('view %s %s', c.relname, pg_get_viewdef(c.oid))
    FROM pg_class AS c WHERE c.relnamespace = schema AND c.relkind IN ('v', 'm')
    UNION ALL
    SELECT format('policy %s %s %s %s %s %s', p.polrelid::regclass, p.polname, p.polcmd, p.polpermissive,
        pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
    FROM pg_policy AS p JOIN pg_class AS c ON c.oid = p.polrelid WHERE c.relnamespace = schema
    UNION ALL
    SELECT format('rule %s %s', r.ev_enabled, pg_get_ruledef(r.oid))
    FROM pg_rewrite AS r JOIN pg_class AS c ON c.oid = r.ev_class WHERE c.relnamespace = schema AND r.rulename <> '_RETURN'
    UNION ALL
    SELECT format('sequence %s %s %s %s %s %s %s %s', s.seqrelid::regclass, format_type(s.seqtypid, NULL), s.seqstart,
        s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle)
    FROM pg_sequence AS s JOIN pg_class AS c ON c.oid = s.seqrelid WHERE c.relnamespace = schema
) AS lines
ORDER BY line COLLATE \"C\"";

/// A line as it is after a dump and a restore, too: an expression that is read again has other parentheses, `((a AND b) AND c)`
/// becomes `(a AND b AND c)`. Bodies of functions are texts, and stay as they are.
fn comparable(line: &str) -> Cow<'_, str> {
    if line.starts_with("function ") {
        return Cow::Borrowed(line);
    }
    Cow::Owned(line.chars().filter(|letter| !matches!(letter, '(' | ')')).collect())
}

/// Raised when `LINES` tells more or otherwise, so that no older fingerprint is held against it.
const FORM: u32 = 4;

/// The fingerprint, led by the server's major version, since each words definitions in its own way, and by its form.
pub(super) async fn compute(connection: &mut PgConnection) -> Result<String, sqlx::Error> {
    let major: i32 = query_scalar("SELECT current_setting('server_version_num')::int / 10000")
        .fetch_one(&mut *connection)
        .await?;
    let lines: Vec<String> = query_scalar(LINES).fetch_all(connection).await?;
    let mut hash = Sha256::new();
    for line in lines {
        hash.update(comparable(&line).as_bytes());
        hash.update([0]);
    }
    Ok(format!("pg{major}/{FORM}:{}", hex(&hash.finalize())))
}

/// Remembers what the schema looks like now. Only an `up` that applied something does: another would bless a drift.
pub(super) async fn write_down(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let fingerprint = compute(connection).await?;
    query("UPDATE atelier.schema_meta SET fingerprint = $1 WHERE fingerprint IS DISTINCT FROM $1")
        .bind(fingerprint)
        .execute(connection)
        .await?;
    Ok(())
}

/// Whether the schema still looks as it was written down, and `None` when that cannot be told: nothing was written down,
/// or the server is of another major version now, or another release wrote it down.
pub(super) async fn unchanged(
    connection: &mut PgConnection,
    known: Option<&str>,
) -> Result<Option<bool>, sqlx::Error> {
    let Some(known) = known else { return Ok(None) };
    Ok(same(known, &compute(connection).await?))
}

/// Whether two fingerprints are of one schema; `None` across major versions and forms.
pub(super) fn same(known: &str, now: &str) -> Option<bool> {
    let kind = |text: &str| text.split_once(':').map(|(kind, _)| kind.to_owned());
    (kind(known) == kind(now)).then(|| known == now)
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn only_fingerprints_of_one_kind_can_be_told_apart() {
        assert_eq!(same("pg17/2:a", "pg17/2:a"), Some(true));
        assert_eq!(same("pg17/2:a", "pg17/2:b"), Some(false));
        assert_eq!(same("pg16/2:a", "pg17/2:a"), None);
        assert_eq!(same("pg17:a", "pg17/2:b"), None);
    }
}
