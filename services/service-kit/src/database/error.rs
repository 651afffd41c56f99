//! What can become of a piece of database work, and which of it leaves the connection fit to be used again.

use std::sync::Arc;

use super::address::ConnectOptionsError;
use crate::http::{Problem, codes};

/// Why a piece of database work did not succeed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DatabaseError {
    /// More work waited than fits in the queue.
    #[error("the queue for the database is full")]
    QueueFull,
    /// There was no answer in time. A write may or may not have been made.
    #[error("the database did not answer in time")]
    Deadline,
    /// There is no connection.
    #[error("the database cannot be reached")]
    Unreachable(#[source] Arc<ConnectError>),
    /// The connection broke during the work. A write may or may not have been made.
    #[error("the connection to the database broke")]
    Broken(#[source] Arc<sqlx::Error>),
    /// The schema has not been brought to this build's version.
    #[error("the database lacks what this build needs; run the migrator")]
    SchemaMissing(#[source] Arc<sqlx::Error>),
    /// Its turn did not come in time; it was not begun.
    #[error("its turn did not come in time")]
    Late,
    /// Somebody else holds a row or a key.
    #[error("another transaction holds what this one needs")]
    Locked(#[source] Arc<sqlx::Error>),
    /// The transaction lost to another one and was rolled back.
    #[error("another transaction was first")]
    Raced(#[source] Arc<sqlx::Error>),
    /// Others held or changed what it needs until its deadline; nothing was done.
    #[error("others kept changing or holding what this one needs")]
    Contended,
    /// The statement answered another number of questions than it was asked: a bug.
    #[error("{0} answered another number of questions than it was asked")]
    Mismatched(&'static str),
    /// The statement failed.
    #[error("a statement failed")]
    Statement(#[source] Arc<sqlx::Error>),
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// It has not been tried yet.
    #[error("no connection has been tried yet")]
    NotTried,
    /// The options cannot be made.
    #[error("the connection options cannot be made")]
    Options(#[source] ConnectOptionsError),
    /// The server did not answer in time.
    #[error("the server did not answer in time")]
    Timeout,
    /// The server, or the way to it, said no.
    #[error("connecting failed")]
    Refused(#[source] sqlx::Error),
}

impl DatabaseError {
    /// What a failed statement means.
    pub(super) fn of_statement(error: sqlx::Error) -> Self {
        let code = sql_state(&error);
        let error = Arc::new(error);
        match code.as_deref() {
            _ if is_suspect(&error) => Self::Broken(error),
            Some("55P03") => Self::Locked(error),
            Some("40001" | "40P01") => Self::Raced(error),
            Some("57014") => Self::Deadline,
            Some("42P01" | "3F000" | "42703" | "42883") => Self::SchemaMissing(error),
            _ => Self::Statement(error),
        }
    }

    /// The name of the constraint that refused the work, if one did.
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::Statement(error) => {
                error.as_database_error().and_then(sqlx::error::DatabaseError::constraint)
            }
            _ => None,
        }
    }
}

fn sql_state(error: &sqlx::Error) -> Option<String> {
    error.as_database_error().and_then(sqlx::error::DatabaseError::code).map(std::borrow::Cow::into_owned)
}

/// Whether the connection must not be used again: it broke, or the server behind it is going, or became a standby.
pub fn is_suspect(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            code.starts_with("08") || code.starts_with("57P0") || code == "25006"
        }
        // What only says that the answer had another shape leaves the connection where it was.
        sqlx::Error::RowNotFound
        | sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::ColumnNotFound(_)
        | sqlx::Error::Decode(_)
        | sqlx::Error::Encode(_)
        | sqlx::Error::TypeNotFound { .. } => false,
        _ => true,
    }
}

/// The one place where database trouble becomes an answer.
impl From<DatabaseError> for Problem {
    fn from(error: DatabaseError) -> Self {
        let away = "The database cannot be reached just now; nothing is lost, try again shortly";
        match &error {
            DatabaseError::QueueFull | DatabaseError::Late => Self::new(
                codes::OVERLOADED,
                "More requests wait than can be answered in time; try again shortly",
            )
            .with_retry_after(1),
            DatabaseError::Locked(_) | DatabaseError::Raced(_) | DatabaseError::Contended => Self::new(
                codes::CONTENDED,
                "Others keep changing or holding this; nothing was changed, try again shortly",
            )
            .with_retry_after(1),
            DatabaseError::Deadline => Self::new(
                codes::DATABASE_UNAVAILABLE,
                "The database did not answer in time; if this was a change, look whether it was made before you repeat it",
            )
            .with_retry_after(2),
            DatabaseError::Broken(_) => Self::new(
                codes::DATABASE_UNAVAILABLE,
                "The connection to the database broke; if this was a change, look whether it was made before you repeat it",
            )
            .with_retry_after(2),
            DatabaseError::Unreachable(_) | DatabaseError::SchemaMissing(_) => {
                Self::new(codes::DATABASE_UNAVAILABLE, away).with_retry_after(2)
            }
            DatabaseError::Statement(_) | DatabaseError::Mismatched(_) => return Self::internal(error),
        }
        .with_cause(error)
    }
}
