//! What writer and reader may do, computed anew after each `up` and idempotent: whatever else they hold on our tables is revoked.
//! It creates no role and gives nobody more than the lists below.

use std::fmt::Write as _;

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, query_as, query_scalar, raw_sql};

use super::roles::{Roles, quoted};

/// What the writer gets beside SELECT: privilege and table. Columns are named one by one: an order's terms are fixed at
/// its creation, so not even a mistake in a service can change them.
pub(super) const WRITER: [(&str, &str); 5] = [
    ("INSERT", "orders"),
    ("UPDATE (stage, alert, alert_reason, alert_raised_by, version, paid_at, updated_at)", "orders"),
    ("INSERT", "order_events"),
    ("INSERT", "idempotency_keys"),
    ("DELETE", "idempotency_keys"),
];

/// The sequence that the writer draws ids from.
pub(super) const WRITER_SEQUENCE: &str = "order_id_seq";

/// Why the grants were not made; none of them was.
#[derive(Debug, thiserror::Error)]
pub enum GrantsError {
    /// A configured role is not there.
    #[error(
        "role '{role}' does not exist: whoever may create roles runs the script that \
         `migrator roles --print-sql` prints, then `migrator up` again"
    )]
    RoleMissing {
        /// Its name.
        role: String,
    },
    /// We work as somebody else than the configured owner, so tables would belong to the wrong role.
    #[error(
        "the migrator is connected as '{is}', but database.roles.owner is '{owner}'; \
         log in as the owner, or run what `migrator roles --print-sql` prints"
    )]
    NotOwner {
        /// The role that answers.
        is: String,
        /// The configured one.
        owner: String,
    },
    /// The schema is somebody else's: what we made in it would be ours, and no one login could change all of it.
    #[error(
        "schema atelier belongs to '{owner}', and the migrator is connected as '{is}': log in as '{owner}'"
    )]
    ForeignSchema {
        /// The role that answers.
        is: String,
        /// The schema's owner.
        owner: String,
    },
    /// A statement failed.
    #[error("the grants could not be made")]
    Query(#[source] sqlx::Error),
}

/// Looks whether the roles of the split tier are there and whether we are the owner of all that is, before anything is changed.
pub(super) async fn check(connection: &mut PgConnection, roles: Option<&Roles>) -> Result<(), GrantsError> {
    if let Some(roles) = roles {
        are_there(connection, roles).await?;
    }
    let (is, schema_owner): (String, Option<String>) = query_as(
        "SELECT current_user::text, (SELECT pg_get_userbyid(nspowner)::text FROM pg_namespace WHERE nspname = 'atelier')",
    )
    .fetch_one(connection)
    .await
    .map_err(GrantsError::Query)?;
    if let Some(Roles { owner, .. }) = roles.filter(|roles| roles.owner != is) {
        return Err(GrantsError::NotOwner { is, owner: owner.clone() });
    }
    match schema_owner {
        Some(owner) if owner != is => Err(GrantsError::ForeignSchema { is, owner }),
        _ => Ok(()),
    }
}

async fn are_there(connection: &mut PgConnection, roles: &Roles) -> Result<(), GrantsError> {
    for role in [&roles.owner, &roles.writer, &roles.reader] {
        let exists: bool = query_scalar("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)")
            .bind(role)
            .fetch_one(&mut *connection)
            .await
            .map_err(GrantsError::Query)?;
        if !exists {
            return Err(GrantsError::RoleMissing { role: role.clone() });
        }
    }
    Ok(())
}

/// Makes the grants in one transaction: services never see a moment without them.
pub(super) async fn grant(connection: &mut PgConnection, roles: &Roles) -> Result<(), GrantsError> {
    let mut transaction = connection.begin().await.map_err(GrantsError::Query)?;
    let sql = script(&mut transaction, roles).await.map_err(GrantsError::Query)?;
    raw_sql(AssertSqlSafe(sql)).execute(&mut *transaction).await.map_err(GrantsError::Query)?;
    transaction.commit().await.map_err(GrantsError::Query)
}

/// Tables that a set of migrations does not make (a test's, or one that stops early) are passed over.
async fn script(connection: &mut PgConnection, roles: &Roles) -> Result<String, sqlx::Error> {
    let there: Vec<String> = query_scalar(
        "SELECT relname::text FROM pg_class WHERE relnamespace = to_regnamespace('atelier') AND relkind IN ('r', 'p', 'S')",
    )
    .fetch_all(connection)
    .await?;
    let there = |name: &str| there.iter().any(|relation| relation == name);
    let (writer, reader) = (quoted(&roles.writer), quoted(&roles.reader));
    let both = format!("{writer}, {reader}");
    let mut sql = format!(
        "REVOKE ALL ON SCHEMA atelier FROM PUBLIC, {both};
         REVOKE ALL ON ALL TABLES IN SCHEMA atelier FROM PUBLIC, {both};
         REVOKE ALL ON ALL SEQUENCES IN SCHEMA atelier FROM PUBLIC, {both};
         GRANT USAGE ON SCHEMA atelier TO {both};
         GRANT SELECT ON ALL TABLES IN SCHEMA atelier TO {both};
         ALTER DEFAULT PRIVILEGES IN SCHEMA atelier GRANT SELECT ON TABLES TO {both};\n"
    );
    for (privilege, table) in WRITER.iter().filter(|(_, table)| there(table)) {
        let _ = writeln!(sql, "GRANT {privilege} ON atelier.{table} TO {writer};");
    }
    if there(WRITER_SEQUENCE) {
        let _ = writeln!(sql, "GRANT USAGE ON SEQUENCE atelier.{WRITER_SEQUENCE} TO {writer};");
    }
    Ok(sql)
}
