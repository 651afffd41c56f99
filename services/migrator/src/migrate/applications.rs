//! Which of our applications are connected, and of which schema each is: `pg_stat_activity` tells it in any cluster, to any
//! login. Applications on a replica, or behind a pooler that keeps their names to itself, are not seen.

use std::fmt;

use sqlx::postgres::PgConnection;
use sqlx::types::time::OffsetDateTime;
use sqlx::{FromRow, query_as};

use super::session::moment;

/// What this program calls itself, up to the number. It is no application that a change could break.
pub(super) const MIGRATOR: &str = "atelier/migrator schema=";

/// One session of an application.
#[derive(Clone, Debug, PartialEq, Eq, FromRow, serde::Serialize)]
pub struct Application {
    /// Its server process.
    pub pid: i32,
    /// What it calls itself, `atelier/<service> schema=<number>`.
    pub name: String,
    /// Its login.
    pub login: Option<String>,
    /// When its session began; hidden from us if it is another login's.
    #[serde(with = "time::serde::rfc3339::option")]
    pub since: Option<OffsetDateTime>,
}

impl Application {
    /// The schema that it was built for. One that does not say it is of none, and so older than any.
    pub fn schema(&self) -> i64 {
        self.name.rsplit_once(" schema=").and_then(|(_, number)| number.parse().ok()).unwrap_or(0)
    }
}

impl fmt::Display for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pid {} '{}'", self.pid, self.name)?;
        if let Some(login) = &self.login {
            write!(f, " as {login}")?;
        }
        if let Some(since) = self.since {
            write!(f, ", connected since {}", moment(since))?;
        }
        Ok(())
    }
}

/// One sentence part for several of them.
pub(super) fn listed(applications: &[Application]) -> String {
    applications.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// All that are connected to this database, oldest process number first.
pub(super) async fn connected(connection: &mut PgConnection) -> Result<Vec<Application>, sqlx::Error> {
    query_as(
        "SELECT pid, application_name AS name, usename::text AS login, backend_start AS since
         FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()
            AND application_name LIKE 'atelier/%' AND NOT starts_with(application_name, $1)
         ORDER BY pid",
    )
    .bind(MIGRATOR)
    .fetch_all(connection)
    .await
}

/// Those that were built for a schema below `needed`.
pub(super) async fn older_than(
    connection: &mut PgConnection,
    needed: i64,
) -> Result<Vec<Application>, sqlx::Error> {
    let connected = connected(connection).await?;
    Ok(connected.into_iter().filter(|application| application.schema() < needed).collect())
}
