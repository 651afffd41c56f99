//! What waits for a connection, every caller's work in its own lane.

use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::job::Job;
use crate::fair::{FairQueue, Share};

/// The queue between those who ask and the workers.
pub(super) struct Queue {
    waiting: Mutex<FairQueue<Job>>,
    arrived: Notify,
    stop: CancellationToken,
}

impl Queue {
    pub(super) fn new(items_max: usize, stop: CancellationToken) -> Self {
        Self { waiting: Mutex::new(FairQueue::new(items_max)), arrived: Notify::new(), stop }
    }

    /// Lets `job` wait its turn. Whatever has to leave for it is told so, and was not begun.
    pub(super) fn push(&self, share: Share, job: Job) {
        let left = if self.stop.is_cancelled() {
            Some(job)
        } else {
            self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(share, job)
        };
        if let Some(left) = left {
            left.refuse();
        }
        self.arrived.notify_one();
    }

    /// The next piece of work. When it is time to stop, what waits is still done; `None` is the end.
    pub(super) async fn next(&self) -> Option<Job> {
        loop {
            if let Some(job) = self.pop() {
                return Some(job);
            }
            tokio::select! {
                biased;
                () = self.arrived.notified() => {}
                () = self.stop.cancelled() => return self.pop(),
            }
        }
    }

    fn pop(&self) -> Option<Job> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let job = waiting.pop();
        // Two arrivals may have left one notice: whoever takes the first passes it on.
        if !waiting.is_empty() {
            self.arrived.notify_one();
        }
        job
    }
}
