//! A piece of database work: what is to be done on a connection, until when, and who is told how it went.

use std::pin::Pin;

use sqlx::PgConnection;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::error::DatabaseError;

/// A future on the heap that borrows the connection.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A piece of work in the queue.
pub(super) struct Job {
    pub(super) deadline: Instant,
    pub(super) statement: &'static str,
    work: Box<dyn Work>,
}

trait Work: Send {
    fn run(self: Box<Self>, connection: &mut PgConnection, deadline: Instant) -> BoxFuture<'_, Verdict>;
    fn refuse(self: Box<Self>);
}

/// What a worker thinks of its connection afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Sound,
    Suspect(&'static str),
}

struct Typed<F, T> {
    work: F,
    reply: oneshot::Sender<Result<T, DatabaseError>>,
}

impl<F, T> Work for Typed<F, T>
where
    F: for<'c> FnOnce(&'c mut PgConnection) -> BoxFuture<'c, Result<T, sqlx::Error>> + Send + 'static,
    T: Send + 'static,
{
    fn run(self: Box<Self>, connection: &mut PgConnection, deadline: Instant) -> BoxFuture<'_, Verdict> {
        Box::pin(async move {
            let Self { work, reply } = *self;
            let (result, verdict) = match timeout_at(deadline, work(connection)).await {
                Ok(Ok(value)) => (Ok(value), Verdict::Sound),
                Ok(Err(error)) => {
                    let error = DatabaseError::of_statement(error);
                    let broken = matches!(error, DatabaseError::Broken(_));
                    (Err(error), if broken { Verdict::Suspect("broken") } else { Verdict::Sound })
                }
                Err(_) => (Err(DatabaseError::Deadline), Verdict::Suspect("deadline")),
            };
            // Whoever asked may have left; the work is done all the same.
            let _ = reply.send(result);
            verdict
        })
    }

    fn refuse(self: Box<Self>) {
        let _ = self.reply.send(Err(DatabaseError::QueueFull));
    }
}

impl Job {
    /// The job that does `work`, and where its answer comes out.
    pub(super) fn new<F, T>(
        deadline: Instant,
        statement: &'static str,
        work: F,
    ) -> (Self, oneshot::Receiver<Result<T, DatabaseError>>)
    where
        F: for<'c> FnOnce(&'c mut PgConnection) -> BoxFuture<'c, Result<T, sqlx::Error>> + Send + 'static,
        T: Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        (Self { deadline, statement, work: Box::new(Typed { work, reply }) }, answer)
    }

    /// Does it, and says what to think of the connection.
    pub(super) async fn run(self, connection: &mut PgConnection) -> Verdict {
        self.work.run(connection, self.deadline).await
    }

    /// Says that there is no room for it; it was not begun.
    pub(super) fn refuse(self) {
        self.work.refuse();
    }
}
