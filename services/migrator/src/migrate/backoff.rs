//! Trying again, with pauses that grow, until a deadline. The one place of the migrator that lets time pass.

use std::time::Duration;

use tokio::time::Instant;

/// Pauses that double up to a bound, none of which ends after the deadline.
#[derive(Debug)]
pub(super) struct Backoff {
    until: Instant,
    next: Duration,
    max: Duration,
}

impl Backoff {
    /// The first pause, the longest one, and from now on how long all of it may take.
    pub(super) fn new(first: Duration, max: Duration, deadline: Duration) -> Self {
        Self { until: Instant::now() + deadline, next: first, max }
    }

    /// What is left until the deadline.
    pub(super) fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// Pauses and answers true, or answers false at once when the deadline would pass meanwhile.
    #[expect(
        clippy::disallowed_methods,
        reason = "others hold a lock, or a server starts: neither tells us when it is done"
    )]
    pub(super) async fn pause(&mut self) -> bool {
        if self.next >= self.left() {
            return false;
        }
        tokio::time::sleep(self.next).await;
        self.next = (self.next * 2).min(self.max);
        true
    }
}

/// A pause that leaves room for others, or none.
#[expect(clippy::disallowed_methods, reason = "the pause is the point: somebody asked for it")]
pub(super) async fn rest(pause: Duration) {
    if !pause.is_zero() {
        tokio::time::sleep(pause).await;
    }
}
