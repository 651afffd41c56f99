//! A statement's queue, from both ends: askers wait in it, workers empty it.

use std::sync::Arc;
use std::time::Duration;

use prometheus::Histogram;
use sqlx::PgConnection;
use tokio::time::{Instant, timeout_at};

use super::error::DatabaseError;
use super::group::{Group, Taken, Verdict, Waits};
use super::statement::{BoxFuture, Kind, Statement};
use super::{Database, Reach};
use crate::coalesce::{Asker, Batch, Bounds, Failure, Lane, Limits, Manner, Outcome, Unanswered};
use crate::telemetry::statement_span;

/// The least time that a statement gets. One that begins later would be cut off in the middle, which costs the connection,
/// and of a write nobody could say what became of it.
const STATEMENT_MIN: Duration = Duration::from_millis(200);

/// The way to ask one statement.
pub struct Call<S: Statement> {
    queue: Arc<Queue<S>>,
    group: Arc<Group>,
    reach: Arc<Reach>,
    deadline: Duration,
}

struct Queue<S: Statement> {
    statement: S,
    lane: Arc<Lane<S::Question, S::Answer, DatabaseError>>,
    sizes: Histogram,
    waits: Histogram,
    durations: Histogram,
}

impl<S: Statement> Clone for Call<S> {
    fn clone(&self) -> Self {
        Self {
            queue: self.queue.clone(),
            group: self.group.clone(),
            reach: self.reach.clone(),
            deadline: self.deadline,
        }
    }
}

impl<S: Statement> Call<S> {
    pub(super) fn new(statement: S, database: &Database, group: Arc<Group>) -> Self {
        let bounds = Bounds {
            queue_items_max: database.config.queue_items_max,
            batch_items_max: database.config.batch_items_max,
        };
        let manner =
            Manner { key: S::key, may_repeat: S::may_repeat, is_dropped_when_left: S::KIND == Kind::Read };
        let name = statement.name();
        let queue = Arc::new(Queue {
            lane: Arc::new(Lane::new(bounds, manner)),
            sizes: database.metrics.batch_sizes.with_label_values(&[name]),
            waits: database.metrics.batch_waits.clone(),
            durations: database.metrics.durations.with_label_values(&[name]),
            statement,
        });
        group.add(queue.clone());
        Self { queue, group, reach: database.reach.clone(), deadline: database.config.item_deadline() }
    }

    /// Asks, and waits until the deadline for the answer of the statement that takes the question along.
    pub async fn ask(&self, asker: Asker, question: S::Question) -> Result<S::Answer, DatabaseError> {
        let now = Instant::now();
        let end_by = now + self.deadline;
        // However short the whole deadline is configured, most of it is there to begin in.
        let begin_by = end_by - STATEMENT_MIN.min(self.deadline / 4);
        if self.group.has_stopped() {
            return Err(DatabaseError::QueueFull);
        }
        let (answer, wants_worker) = self.queue.lane.ask(now, asker, Limits { begin_by, end_by }, question);
        if wants_worker {
            self.group.notify();
        }
        let Ok(Ok(answer)) = timeout_at(end_by, answer).await else { return Err(self.silence(now)) };
        answer.map_err(|unanswered| match unanswered {
            Unanswered::NoRoom => self.reach.trouble().unwrap_or(DatabaseError::QueueFull),
            Unanswered::Late => self.reach.trouble().unwrap_or(DatabaseError::Late),
            Unanswered::Contended => DatabaseError::Contended,
            Unanswered::InDoubt => self.silence(now),
            Unanswered::Mismatched => DatabaseError::Mismatched(self.queue.statement.name()),
            Unanswered::Failed(error) => error,
        })
    }

    /// Why there is no answer to what was asked at `asked`. Of a write that may have been sent nobody is told that nothing
    /// was done.
    fn silence(&self, asked: Instant) -> DatabaseError {
        match S::KIND {
            Kind::Write if !self.reach.was_out_since(asked) => DatabaseError::Deadline,
            _ => self.reach.trouble().unwrap_or(DatabaseError::Deadline),
        }
    }
}

impl<S: Statement> Waits for Queue<S> {
    fn is_empty(&self) -> bool {
        self.lane.is_empty()
    }

    fn next_due(&self, now: Instant) -> Option<Instant> {
        self.lane.next_due(now)
    }

    fn take(self: Arc<Self>, now: Instant) -> Option<Box<dyn Taken>> {
        let batch = self.lane.take(now)?;
        Some(Box::new(Questions { queue: self, batch }))
    }
}

/// The questions of one statement.
struct Questions<S: Statement> {
    queue: Arc<Queue<S>>,
    batch: Batch<S::Question, S::Answer, DatabaseError>,
}

impl<S: Statement> Taken for Questions<S> {
    fn answer(self: Box<Self>, connection: &mut PgConnection) -> BoxFuture<'_, Verdict> {
        Box::pin(async move {
            let Self { queue, batch } = *self;
            let started = Instant::now();
            #[expect(clippy::cast_precision_loss, reason = "a batch is small")]
            queue.sizes.observe(batch.questions().len() as f64);
            for since in batch.since() {
                queue.waits.observe(started.duration_since(since).as_secs_f64());
            }
            let mut span = statement_span(queue.statement.name(), batch.spans());
            let end_by = batch.end_by().unwrap_or(started);
            let run = queue.statement.run(connection, batch.questions());
            let (result, verdict) = match timeout_at(end_by, run).await {
                Ok(Ok(outcomes)) => {
                    let is_broken = outcomes.iter().any(|outcome| matches!(outcome, Outcome::Broken));
                    let verdict = if is_broken { Verdict::Suspect("broken") } else { Verdict::Sound };
                    (Ok(outcomes), verdict)
                }
                Ok(Err(error)) => failed(error),
                Err(_) => (Err(Failure::Unknown(DatabaseError::Deadline)), Verdict::Suspect("deadline")),
            };
            if let (Err(failure), Some(span)) = (&result, &mut span) {
                span.failed(failure.as_str());
            }
            drop(span);
            let ended = Instant::now();
            queue.durations.observe(ended.duration_since(started).as_secs_f64());
            batch.settle(ended, result);
            verdict
        })
    }
}

/// What a failed statement means for its batch, and for the connection.
fn failed<T>(error: sqlx::Error) -> (Result<T, Failure<DatabaseError>>, Verdict) {
    match DatabaseError::of_statement(error) {
        DatabaseError::Broken(error) => {
            (Err(Failure::Unknown(DatabaseError::Broken(error))), Verdict::Suspect("broken"))
        }
        DatabaseError::Locked(_) => (Err(Failure::Held), Verdict::Sound),
        DatabaseError::Raced(_) => (Err(Failure::Lost), Verdict::Sound),
        error => (Err(Failure::Refused(error)), Verdict::Sound),
    }
}
