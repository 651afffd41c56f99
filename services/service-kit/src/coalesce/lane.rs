//! The queue of one kind of statement as tasks see it: whoever asks gets a place to wait, whoever works gets batches.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::core::{Bounds, Core, Left, Limits, Waiting};
use super::outcome::{Failure, Outcome, Unanswered};
use crate::fair::Share;
use crate::telemetry::RequestSpan;

/// On whose account a question is asked, and for which request.
#[derive(Debug, Clone, Copy)]
pub struct Asker {
    /// Whom it counts for.
    pub share: Share,
    /// The span of the request that it is asked for.
    pub span: RequestSpan,
}

impl Asker {
    /// The process itself.
    pub fn own() -> Self {
        Self { share: Share::OWN, span: RequestSpan::default() }
    }
}

/// What a question's asker is told.
pub(crate) type Answered<A, E> = Result<A, Unanswered<E>>;

/// A question and whoever waits for its answer.
#[derive(Debug)]
struct Ticket<Q, A, E> {
    question: Q,
    waiter: Waiter<A, E>,
}

#[derive(Debug)]
struct Waiter<A, E> {
    since: Instant,
    span: RequestSpan,
    reply: oneshot::Sender<Answered<A, E>>,
}

impl<A, E> Waiter<A, E> {
    fn tell(self, answer: Answered<A, E>) {
        // Whoever asked may have left; what was done is done all the same.
        let _ = self.reply.send(answer);
    }
}

/// How the questions of a lane may be treated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner<Q> {
    /// Questions of one key are never in two statements at once.
    pub(crate) key: fn(&Q) -> Option<u64>,
    /// Whether a question may be put again when nobody knows what became of it.
    pub(crate) may_repeat: fn(&Q) -> bool,
    /// Whether a question is dropped when nobody waits for its answer any more.
    pub(crate) is_dropped_when_left: bool,
}

/// The queue.
#[derive(Debug)]
pub(crate) struct Lane<Q, A, E> {
    core: Mutex<Core<Ticket<Q, A, E>>>,
    manner: Manner<Q>,
}

/// What goes into one statement. Whoever takes it settles it; one that is dropped instead answers nobody, and its keys are free again.
pub(crate) struct Batch<Q, A, E> {
    lane: Arc<Lane<Q, A, E>>,
    questions: Vec<Q>,
    waiting: Vec<Waiting<Waiter<A, E>>>,
}

impl<Q, A, E: Clone> Lane<Q, A, E> {
    pub(crate) fn new(bounds: Bounds, manner: Manner<Q>) -> Self {
        Self { core: Mutex::new(Core::new(bounds)), manner }
    }

    /// Lets `question` wait its turn. Tells where its answer comes out, and whether a worker should have a look.
    pub(crate) fn ask(
        &self,
        now: Instant,
        asker: Asker,
        limits: Limits,
        question: Q,
    ) -> (oneshot::Receiver<Answered<A, E>>, bool) {
        let (reply, answer) = oneshot::channel();
        let key = (self.manner.key)(&question);
        let ticket = Ticket { question, waiter: Waiter { since: now, span: asker.span, reply } };
        let (left, wants_worker) = {
            let mut core = self.lock();
            (core.push(now, asker.share, key, limits, ticket), core.wants_worker(now))
        };
        dismiss(left);
        (answer, wants_worker)
    }

    /// What the next statement is to answer, if anything waits that may go now.
    pub(crate) fn take(self: &Arc<Self>, now: Instant) -> Option<Batch<Q, A, E>> {
        let is_wanted =
            |ticket: &Ticket<Q, A, E>| !self.manner.is_dropped_when_left || !ticket.waiter.reply.is_closed();
        let taken = self.lock().take(now, is_wanted);
        dismiss(taken.late);
        if taken.batch.is_empty() {
            return None;
        }
        let mut questions = Vec::with_capacity(taken.batch.len());
        let waiting = taken
            .batch
            .into_iter()
            .map(|waiting| {
                waiting.map(|Ticket { question, waiter }| {
                    questions.push(question);
                    waiter
                })
            })
            .collect();
        Some(Batch { lane: self.clone(), questions, waiting })
    }

    /// Whether anything waits, now or later.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// When something may go that may not go now, if the clock alone keeps it.
    pub(crate) fn next_due(&self, now: Instant) -> Option<Instant> {
        self.lock().next_due(now)
    }
}

impl<Q, A, E> Lane<Q, A, E> {
    fn lock(&self) -> MutexGuard<'_, Core<Ticket<Q, A, E>>> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn dismiss<Q, A, E>(left: Vec<(Ticket<Q, A, E>, Left)>) {
    for (ticket, why) in left {
        ticket.waiter.tell(Err(why.into()));
    }
}

impl<Q, A, E> Batch<Q, A, E> {
    /// What is asked, in the order in which it came.
    pub(crate) fn questions(&self) -> &[Q] {
        &self.questions
    }

    /// Since when each of them waits.
    pub(crate) fn since(&self) -> impl Iterator<Item = Instant> {
        self.waiting.iter().map(|waiting| waiting.item.since)
    }

    /// The spans of the requests that they are asked for.
    pub(crate) fn spans(&self) -> impl Iterator<Item = RequestSpan> {
        self.waiting.iter().map(|waiting| waiting.item.span)
    }

    /// When the last of their askers gives up: nothing is worth waiting for after that.
    pub(crate) fn end_by(&self) -> Option<Instant> {
        self.waiting.iter().map(|waiting| waiting.limits.end_by).max()
    }
}

impl<Q, A, E: Clone> Batch<Q, A, E> {
    /// Answers those who are answered, and lets the others come back.
    pub(crate) fn settle(mut self, now: Instant, result: Result<Vec<Outcome<A>>, Failure<E>>) {
        let questions = std::mem::take(&mut self.questions);
        let waiting = std::mem::take(&mut self.waiting);
        let tickets = waiting
            .into_iter()
            .zip(questions)
            .map(|(waiting, question)| waiting.map(|waiter| Ticket { question, waiter }))
            .collect();
        let may_repeat = |ticket: &Ticket<Q, A, E>| (self.lane.manner.may_repeat)(&ticket.question);
        let settled = self.lane.lock().settle(now, tickets, result, may_repeat);
        for (ticket, answer) in settled {
            ticket.waiter.tell(answer);
        }
    }
}

impl<Q, A, E> Drop for Batch<Q, A, E> {
    fn drop(&mut self) {
        if !self.waiting.is_empty() {
            self.lane.lock().release(&self.waiting);
        }
    }
}
