//! Rights on the schema that no `up` gives: whoever holds one could change history or the terms of an order, and no trigger's
//! absence would tell. Where the configuration names the logins, each right is held against what `up` gives to just that login, and
//! what `up` gave and is gone is found as well. Where it names none, what any login but the owner may hold at most is known.

use sqlx::PgConnection;
use sqlx::query_as;

use super::Finding;
use crate::migrate::grants::{WRITER, WRITER_SEQUENCE};
use crate::migrate::roles::Roles;

/// Everything that somebody other than the owner holds: who, what, on what.
const HELD: &str = "
    SELECT coalesce(r.rolname, 'PUBLIC')::text, a.privilege_type::text, c.relname::text, a.is_grantable
    FROM pg_class AS c, aclexplode(c.relacl) AS a LEFT JOIN pg_roles AS r ON r.oid = a.grantee
    WHERE c.relnamespace = to_regnamespace('atelier') AND a.grantee <> c.relowner
    UNION ALL
    SELECT coalesce(r.rolname, 'PUBLIC')::text, a.privilege_type || ' (' || t.attname || ')', c.relname::text, a.is_grantable
    FROM pg_class AS c JOIN pg_attribute AS t ON t.attrelid = c.oid, aclexplode(t.attacl) AS a
        LEFT JOIN pg_roles AS r ON r.oid = a.grantee
    WHERE c.relnamespace = to_regnamespace('atelier') AND a.grantee <> c.relowner
    UNION ALL
    SELECT coalesce(r.rolname, 'PUBLIC')::text, a.privilege_type::text, '', a.is_grantable
    FROM pg_namespace AS n, aclexplode(n.nspacl) AS a LEFT JOIN pg_roles AS r ON r.oid = a.grantee
    WHERE n.nspname = 'atelier' AND a.grantee <> n.nspowner
    ORDER BY 1, 3, 2";

/// Who, what, on which table or sequence; on the schema where that is empty.
type Right = (String, String, String);

/// The rights that are more than any login but the owner may hold, and those that `roles` should hold and do not.
pub(super) async fn wrong(
    connection: &mut PgConnection,
    roles: Option<&Roles>,
) -> Result<Vec<Finding>, sqlx::Error> {
    let held: Vec<(String, String, String, bool)> = query_as(HELD).fetch_all(&mut *connection).await?;
    let mut rights: Vec<Right> = Vec::new();
    for (grantee, privilege, object, is_grantable) in held {
        rights.push((grantee.clone(), privilege.clone(), object.clone()));
        if is_grantable {
            rights.push((grantee, format!("{privilege} WITH GRANT OPTION"), object));
        }
    }
    let given = match roles {
        Some(roles) => Some(given(connection, roles).await?),
        None => None,
    };
    let mut missing = given.clone().unwrap_or_default();
    missing.retain(|right| !rights.contains(right));
    let foreign = rights.into_iter().filter(|right| match (&given, right) {
        (Some(given), right) => !given.contains(right),
        (None, (grantee, privilege, object)) => {
            let is_usual = matches!(&**privilege, "SELECT" | "USAGE") || is_writers(privilege, object);
            grantee == "PUBLIC" || !is_usual
        }
    });
    let foreign =
        foreign.map(|(grantee, privilege, object)| Finding::ForeignGrant { grantee, privilege, object });
    let missing = missing.into_iter().map(|(grantee, privilege, object)| Finding::MissingGrant {
        grantee,
        privilege,
        object,
    });
    let mut findings: Vec<Finding> = foreign.chain(missing).collect();
    findings.extend(mighty(connection, roles).await?);
    Ok(findings)
}

/// Logins that may do more than their grants say: as superusers, as members of the owner, or with triggers switched off.
async fn mighty(connection: &mut PgConnection, roles: Option<&Roles>) -> Result<Vec<Finding>, sqlx::Error> {
    let Some(roles) = roles else { return Ok(Vec::new()) };
    let found: Vec<(String, String)> = query_as(
        "WITH logins AS (
            SELECT oid, rolname::text AS login, rolsuper FROM pg_roles WHERE rolname IN ($1, $2)
        ), mighty AS (
            SELECT oid, rolname::text AS name FROM pg_roles WHERE rolname IN ($3, 'pg_write_all_data')
        )
        SELECT login, 'it is a superuser' FROM logins WHERE rolsuper
        UNION ALL
        SELECT login, 'it is a member of ' || name FROM logins, mighty
        WHERE NOT rolsuper AND pg_has_role(logins.oid, mighty.oid, 'MEMBER')
        UNION ALL
        SELECT coalesce(login, 'everybody'), 'session_replication_role is set for it, which switches triggers off'
        FROM pg_db_role_setting AS s LEFT JOIN logins ON logins.oid = s.setrole
        WHERE (s.setrole = 0 OR logins.oid IS NOT NULL)
            AND (s.setdatabase = 0 OR s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()))
            AND EXISTS (SELECT FROM unnest(s.setconfig) AS line WHERE line LIKE 'session_replication_role=%')
        ORDER BY 1, 2",
    )
    .bind(&roles.writer)
    .bind(&roles.reader)
    .bind(&roles.owner)
    .fetch_all(connection)
    .await?;
    Ok(found.into_iter().map(|(login, why)| Finding::TooMighty { login, why }).collect())
}

/// What `up` gives, right by right, on what is there.
async fn given(connection: &mut PgConnection, roles: &Roles) -> Result<Vec<Right>, sqlx::Error> {
    let relations: Vec<(String, bool)> = query_as(
        "SELECT relname::text, relkind = 'S' FROM pg_class
         WHERE relnamespace = to_regnamespace('atelier') AND relkind IN ('r', 'p', 'v', 'm', 'S') ORDER BY 1",
    )
    .fetch_all(connection)
    .await?;
    let mut rights = Vec::new();
    for role in [&roles.writer, &roles.reader] {
        rights.push((role.clone(), "USAGE".to_owned(), String::new()));
        let tables = relations.iter().filter(|(_, is_sequence)| !is_sequence);
        rights.extend(tables.map(|(name, _)| (role.clone(), "SELECT".to_owned(), name.clone())));
    }
    let is_there = |name: &str| relations.iter().any(|(relation, _)| relation == name);
    for (privilege, table) in WRITER.iter().filter(|(_, table)| is_there(table)) {
        let of = |privilege: String| (roles.writer.clone(), privilege, (*table).to_owned());
        match privilege.split_once(" (") {
            Some((verb, columns)) => {
                let columns = columns.trim_end_matches(')').split(", ");
                rights.extend(columns.map(|column| of(format!("{verb} ({column})"))));
            }
            None => rights.push(of((*privilege).to_owned())),
        }
    }
    if is_there(WRITER_SEQUENCE) {
        rights.push((roles.writer.clone(), "USAGE".to_owned(), WRITER_SEQUENCE.to_owned()));
    }
    Ok(rights)
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
