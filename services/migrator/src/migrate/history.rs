//! The history law, asked of the whole database in one query and independently of the triggers that enforce it: after a
//! restore, and at the end of tests, it tells whether the triggers were wrong, missing or switched off.

use sqlx::postgres::PgConnection;
use sqlx::query_scalar;

/// Why the law does not hold, or cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// Sentences about the orders that break it, the first few.
    #[error("the history law is broken:\n{}", broken.join("\n"))]
    Broken {
        /// One sentence each.
        broken: Vec<String>,
    },
    /// The query failed.
    #[error("the history could not be read")]
    Read(#[source] sqlx::Error),
}

/// The law, as a query about one order or about all.
const LAW: &str = include_str!("../../../../migrations/checks/history_law.sql");

/// Answers `Ok` if every order of the database is what its events tell.
pub async fn check_history_law(connection: &mut PgConnection) -> Result<(), HistoryError> {
    let broken: Vec<String> =
        query_scalar(LAW).bind(None::<i64>).fetch_all(connection).await.map_err(HistoryError::Read)?;
    if broken.is_empty() { Ok(()) } else { Err(HistoryError::Broken { broken }) }
}
