//! The queues that a group of workers shares: they take turns, so that no kind of statement starves another.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use sqlx::PgConnection;
use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::statement::BoxFuture;

/// A queue, whatever is asked in it.
pub(super) trait Waits: Send + Sync {
    /// Whether nothing waits, now or later.
    fn is_empty(&self) -> bool;

    /// When something may go that may not go now, if the clock alone keeps it.
    fn next_due(&self, now: Instant) -> Option<Instant>;

    /// Takes what waits and may go now.
    fn take(self: Arc<Self>, now: Instant) -> Option<Box<dyn Taken>>;
}

/// The questions of one statement.
pub(super) trait Taken: Send {
    /// Runs the statement, answers those who asked, and says what to think of the connection.
    fn answer(self: Box<Self>, connection: &mut PgConnection) -> BoxFuture<'_, Verdict>;
}

/// What a worker thinks of its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Sound,
    Suspect(&'static str),
}

/// The queues of one group of workers.
pub(super) struct Group {
    queues: RwLock<Vec<Arc<dyn Waits>>>,
    turn: AtomicUsize,
    arrived: Notify,
    stop: CancellationToken,
}

impl Group {
    pub(super) fn new(stop: CancellationToken) -> Self {
        Self { queues: RwLock::default(), turn: AtomicUsize::new(0), arrived: Notify::new(), stop }
    }

    pub(super) fn add(&self, queue: Arc<dyn Waits>) {
        self.queues.write().unwrap_or_else(PoisonError::into_inner).push(queue);
    }

    /// Tells a worker that something waits.
    pub(super) fn notify(&self) {
        self.arrived.notify_one();
    }

    pub(super) fn has_stopped(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// The questions of the next statement. When it is time to stop, what waits is still answered; `None` is the end.
    pub(super) async fn next(&self) -> Option<Box<dyn Taken>> {
        loop {
            // Before looking, so that nothing is left behind that came before the end.
            let has_stopped = self.has_stopped();
            // Whoever is about to ask may do so first: where the processor is what is short, batches grow by it.
            yield_now().await;
            if let Some(taken) = self.take() {
                return Some(taken);
            }
            let due = self.next_due();
            if has_stopped && due.is_none() {
                return None;
            }
            tokio::select! {
                biased;
                () = self.arrived.notified() => {}
                () = self.stop.cancelled(), if !has_stopped => {}
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {}
            }
        }
    }

    /// From the queue whose turn it is, or the next one in which something may go.
    fn take(&self) -> Option<Box<dyn Taken>> {
        let queues = self.queues.read().unwrap_or_else(PoisonError::into_inner);
        let (turn, now) = (self.turn.fetch_add(1, Ordering::Relaxed), Instant::now());
        let in_turn = (0..queues.len()).map(|step| &queues[turn.wrapping_add(step) % queues.len()]);
        let taken = in_turn.clone().find_map(|queue| queue.clone().take(now));
        // Two arrivals may have left one notice: whoever takes something passes it on where more waits.
        if taken.is_some() && in_turn.clone().any(|queue| !queue.is_empty()) {
            self.notify();
        }
        taken
    }

    fn next_due(&self) -> Option<Instant> {
        let queues = self.queues.read().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        queues.iter().filter_map(|queue| queue.next_due(now)).min()
    }
}
