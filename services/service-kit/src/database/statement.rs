//! What a service asks of the database: one statement for all the questions that wait.

use std::pin::Pin;

use sqlx::PgConnection;

pub use crate::coalesce::{Asker, Outcome};

/// A future on the heap that borrows the connection.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Whether a statement changes anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It does not: it may be sent again at will, and nobody needs it once its asker has left.
    Read,
    /// It does.
    Write,
}

/// A statement that answers many questions at once.
pub trait Statement: Send + Sync + 'static {
    /// Whether it changes anything.
    const KIND: Kind;
    /// One question.
    type Question: Send + Sync + 'static;
    /// One answer.
    type Answer: Send + 'static;

    /// Its name in metrics.
    fn name(&self) -> &'static str;

    /// Questions of one key are never in two statements at once: those that come meanwhile wait for the next one together.
    fn key(_question: &Self::Question) -> Option<u64> {
        None
    }

    /// Whether a question may be asked again when nobody knows what became of it.
    fn may_repeat(_question: &Self::Question) -> bool {
        Self::KIND == Kind::Read
    }

    /// Answers `questions`, one outcome each, in their order. An error means that nothing was done, unless the connection broke.
    fn run<'c>(
        &'c self,
        connection: &'c mut PgConnection,
        questions: &'c [Self::Question],
    ) -> impl Future<Output = Result<Vec<Outcome<Self::Answer>>, sqlx::Error>> + Send + 'c;
}
