//! Rights on the schema that no `up` gives: whoever holds one could change history or the terms of an order, and no trigger's
//! absence would tell. Which login is whose is configuration; what any login but the owner may hold at most is not.

use sqlx::PgConnection;
use sqlx::query_as;

use super::Finding;
use crate::migrate::grants::WRITER;

/// Everything that somebody other than the owner holds: who, what, on what.
const HELD: &str = "
    SELECT coalesce(r.rolname, 'PUBLIC')::text, a.privilege_type::text, c.relname::text
    FROM pg_class AS c, aclexplode(c.relacl) AS a LEFT JOIN pg_roles AS r ON r.oid = a.grantee
    WHERE c.relnamespace = to_regnamespace('atelier') AND a.grantee <> c.relowner
    UNION ALL
    SELECT coalesce(r.rolname, 'PUBLIC')::text, a.privilege_type || ' (' || t.attname || ')', c.relname::text
    FROM pg_class AS c JOIN pg_attribute AS t ON t.attrelid = c.oid, aclexplode(t.attacl) AS a
        LEFT JOIN pg_roles AS r ON r.oid = a.grantee
    WHERE c.relnamespace = to_regnamespace('atelier') AND a.grantee <> c.relowner
    UNION ALL
    SELECT coalesce(r.rolname, 'PUBLIC')::text, a.privilege_type::text, ''
    FROM pg_namespace AS n, aclexplode(n.nspacl) AS a LEFT JOIN pg_roles AS r ON r.oid = a.grantee
    WHERE n.nspname = 'atelier' AND a.grantee <> n.nspowner
    ORDER BY 1, 3, 2";

/// The rights that are more than any login but the owner may hold.
pub(super) async fn foreign(connection: &mut PgConnection) -> Result<Vec<Finding>, sqlx::Error> {
    let held: Vec<(String, String, String)> = query_as(HELD).fetch_all(connection).await?;
    let foreign = held.into_iter().filter(|(grantee, privilege, object)| {
        grantee == "PUBLIC" || !(matches!(&**privilege, "SELECT" | "USAGE") || is_writers(privilege, object))
    });
    let finding = |(grantee, privilege, object)| Finding::ForeignGrant { grantee, privilege, object };
    Ok(foreign.map(finding).collect())
}

/// Whether `up` gives this to the writer. Columns stand one by one in the catalog, and together in our list.
fn is_writers(privilege: &str, table: &str) -> bool {
    let (verb, column) =
        privilege.split_once(" (").map_or((privilege, None), |(verb, rest)| (verb, rest.strip_suffix(')')));
    WRITER.iter().filter(|(_, of)| *of == table).any(|(given, _)| match (given.split_once(" ("), column) {
        (None, None) => *given == verb,
        (Some((given, columns)), Some(column)) => {
            given == verb && columns.trim_end_matches(')').split(", ").any(|it| it == column)
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_writers_rights_are_told_from_wider_ones() {
        assert!(is_writers("INSERT", "orders") && is_writers("UPDATE (stage)", "orders"));
        assert!(is_writers("DELETE", "idempotency_keys"));
        assert!(!is_writers("UPDATE", "orders"), "of all columns");
        assert!(!is_writers("UPDATE (cost_final)", "orders") && !is_writers("DELETE", "orders"));
        assert!(!is_writers("INSERT (stage)", "orders"), "a part is not what is given");
        assert!(!is_writers("TRUNCATE", "order_events") && !is_writers("UPDATE", "order_events"));
    }
}
