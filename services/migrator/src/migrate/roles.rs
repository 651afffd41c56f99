//! The three logins of the split tier: their names, and the script that makes them.
//!
//! The migrator itself never creates a role; whoever may runs the script. It sets no passwords, so it can be kept and shown.

use std::fmt::Write as _;

/// Names of the logins. They are configuration, so two installs can share a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roles {
    /// Owns the schema; what the migrator works as.
    pub owner: String,
    /// What order-status works as.
    pub writer: String,
    /// What orders works as.
    pub reader: String,
}

/// Why a set of names is refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RolesError {
    /// PostgreSQL would cut it, and make or ask another role.
    #[error("'{name}' is {bytes} bytes long; names of roles are 1 to 63")]
    Length {
        /// The name.
        name: String,
        /// Its length.
        bytes: usize,
    },
    /// Grants of one would be revoked in the name of the other.
    #[error("owner, writer and reader must be three different roles; '{name}' is named twice")]
    NotDistinct {
        /// The name.
        name: String,
    },
}

impl Roles {
    /// Three different names, of PostgreSQL's length.
    pub fn new(owner: &str, writer: &str, reader: &str) -> Result<Self, RolesError> {
        if let Some(name) = [owner, writer, reader].into_iter().find(|name| !(1..=63).contains(&name.len())) {
            return Err(RolesError::Length { name: name.to_owned(), bytes: name.len() });
        }
        for (one, other) in [(owner, writer), (owner, reader), (writer, reader)] {
            if one == other {
                return Err(RolesError::NotDistinct { name: one.to_owned() });
            }
        }
        Ok(Self { owner: owner.to_owned(), writer: writer.to_owned(), reader: reader.to_owned() })
    }

    /// The script for whoever may create roles and the schema in `database`: plain SQL, any client, to be repeated at will.
    /// Works for a superuser and for a role with CREATEROLE and CREATE on the database.
    pub fn script(&self, database: &str) -> String {
        let mut sql = String::from(HEAD);
        for role in [&self.owner, &self.writer, &self.reader] {
            sql.push_str(&do_block(&format!(
                "BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {}) THEN
        CREATE ROLE {} LOGIN;
    END IF;
END",
                literal(role),
                quoted(role)
            )));
        }
        let _ = write!(sql, "{TIMEOUTS}");
        for (role, statement, lock, idle) in [
            (&self.owner, "0", "2s", "0"),
            (&self.writer, "5s", "100ms", "10s"),
            (&self.reader, "5s", "1s", "10s"),
        ] {
            let role = quoted(role);
            let _ = writeln!(sql, "ALTER ROLE {role} SET statement_timeout = '{statement}';");
            let _ = writeln!(sql, "ALTER ROLE {role} SET lock_timeout = '{lock}';");
            let _ = writeln!(sql, "ALTER ROLE {role} SET idle_in_transaction_session_timeout = '{idle}';");
        }
        let (owner, writer, reader) = (quoted(&self.owner), quoted(&self.writer), quoted(&self.reader));
        let _ = writeln!(
            sql,
            "\nGRANT CONNECT ON DATABASE {} TO {owner}, {writer}, {reader};\n",
            quoted(database)
        );
        sql.push_str(&schema_block(&self.owner));
        sql
    }
}

const HEAD: &str = "\
-- Makes the logins of Atelier's split tier and the schema that the migrator works in. It may be run again.
-- It sets no passwords. Set them afterwards, as psql's \\password does, or by your secret manager.

";

const TIMEOUTS: &str = "
-- Limits that hold whatever a client forgets to set. The owner migrates, and migrations set their own.
";

/// Without superuser, giving a schema to a role asks for membership in it, for as long as this block runs.
fn schema_block(owner: &str) -> String {
    let (name, owner) = (literal(owner), quoted(owner));
    do_block(&format!(
        "\
DECLARE
    lent boolean := NOT pg_catalog.pg_has_role(current_user, {name}, 'USAGE');
BEGIN
    IF lent THEN
        GRANT {owner} TO CURRENT_USER;
    END IF;
    IF pg_catalog.to_regnamespace('atelier') IS NULL THEN
        CREATE SCHEMA atelier AUTHORIZATION {owner};
    ELSIF NOT EXISTS (
        SELECT FROM pg_catalog.pg_namespace
        WHERE nspname = 'atelier' AND pg_catalog.pg_get_userbyid(nspowner) = {name}
    ) THEN
        ALTER SCHEMA atelier OWNER TO {owner};
    END IF;
    IF lent THEN
        REVOKE {owner} FROM CURRENT_USER;
    END IF;
END"
    ))
}

/// A DO statement whose quotes no name inside can end.
fn do_block(body: &str) -> String {
    let mut tag = String::from("$do$");
    while body.contains(&tag) {
        tag.insert(3, 'o');
    }
    format!("DO {tag}\n{body} {tag};\n")
}

/// A name as an SQL identifier.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as an SQL literal, whatever the server's settings for backslashes.
fn literal(text: &str) -> String {
    if text.contains('\\') {
        format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_wherever_they_stand() {
        let roles = Roles::new("o\"wner", "wri'ter", "Reader $do$").expect("three names");
        let script = roles.script("my \"db\"");
        for part in [
            "CREATE ROLE \"o\"\"wner\" LOGIN",
            "rolname = 'wri''ter'",
            "ALTER ROLE \"Reader $do$\" SET",
            "GRANT CONNECT ON DATABASE \"my \"\"db\"\"\"",
        ] {
            assert!(script.contains(part), "{part} is missing in\n{script}");
        }
    }

    #[test]
    fn a_role_in_two_places_is_refused() {
        let error = Roles::new("a", "b", "b").expect_err("should be refused");
        assert_eq!(error, RolesError::NotDistinct { name: "b".to_owned() });
        // In bytes, as PostgreSQL counts.
        let long = "é".repeat(32);
        let error = Roles::new("a", &long, "c").expect_err("64 bytes");
        assert_eq!(error, RolesError::Length { name: long, bytes: 64 });
    }

    #[test]
    fn the_script_sets_no_password() {
        let script = Roles::new("a", "b", "c").expect("three names").script("d");
        assert!(!script.contains(" PASSWORD "));
    }
}
