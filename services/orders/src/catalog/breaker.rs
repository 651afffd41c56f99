//! When the catalog is left alone: after too many failures among its last calls, for a while; then one call tries whether it is over.
//! It knows no clock and no tasks, so that any sequence of events can be tried on it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::config::BreakerConfig;

/// Whether calls are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BreakerState {
    /// They are.
    Closed,
    /// One is, to try.
    HalfOpen,
    /// None is.
    Open,
}

/// The breaker.
#[derive(Debug)]
pub(super) struct Breaker {
    window_calls: usize,
    failures_max: usize,
    pause: Duration,
    /// Whether each of the last calls failed, oldest first.
    window: VecDeque<bool>,
    state: BreakerState,
    /// When the next call may try, unless closed.
    next_try: Instant,
}

impl Breaker {
    pub(super) fn new(config: &BreakerConfig, now: Instant) -> Self {
        Self {
            window_calls: config.window_calls,
            failures_max: config.failures_max,
            pause: Duration::from_millis(config.open_ms),
            window: VecDeque::new(),
            state: BreakerState::Closed,
            next_try: now,
        }
    }

    /// How it stands.
    pub(super) fn state(&self) -> BreakerState {
        self.state
    }

    /// Whether a call may be made now. One that tries and is never heard of again counts as failed after a pause.
    pub(super) fn admit(&mut self, now: Instant) -> bool {
        if self.state == BreakerState::Closed {
            return true;
        }
        if now < self.next_try {
            return false;
        }
        self.state = BreakerState::HalfOpen;
        self.next_try = now + self.pause;
        true
    }

    /// What became of a call.
    pub(super) fn record(&mut self, now: Instant, failed: bool) {
        match (self.state, failed) {
            (BreakerState::Closed, _) => {
                self.window.push_back(failed);
                if self.window.len() > self.window_calls {
                    self.window.pop_front();
                }
                if self.window.iter().filter(|failed| **failed).count() >= self.failures_max {
                    self.open(now);
                }
            }
            // Calls of before say nothing new.
            (BreakerState::Open, _) => {}
            (BreakerState::HalfOpen, true) => self.open(now),
            (BreakerState::HalfOpen, false) => {
                self.state = BreakerState::Closed;
                self.window.clear();
            }
        }
    }

    fn open(&mut self, now: Instant) {
        self.state = BreakerState::Open;
        self.next_try = now + self.pause;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CONFIG: BreakerConfig = BreakerConfig { window_calls: 6, failures_max: 3, open_ms: 100 };
    const PAUSE: Duration = Duration::from_millis(100);

    fn breaker() -> (Breaker, Instant) {
        let now = Instant::now();
        (Breaker::new(&CONFIG, now), now)
    }

    #[test]
    fn it_opens_at_the_third_failure_of_the_last_six_calls() {
        let (mut breaker, now) = breaker();
        for failed in [true, false, false, true, false, false, false, true] {
            breaker.record(now, failed);
            assert_eq!(breaker.state(), BreakerState::Closed);
        }
        breaker.record(now, true);
        breaker.record(now, true);
        assert_eq!(breaker.state(), BreakerState::Open);
        assert!(!breaker.admit(now));
    }

    #[test]
    fn after_the_pause_one_call_tries_and_decides() {
        let (mut breaker, now) = breaker();
        (0..3).for_each(|_| breaker.record(now, true));
        let later = now + PAUSE;
        assert!(breaker.admit(later) && !breaker.admit(later), "one, not two");
        breaker.record(later, true);
        assert!(!breaker.admit(later));
        let later = later + PAUSE;
        assert!(breaker.admit(later));
        breaker.record(later, false);
        assert_eq!(breaker.state(), BreakerState::Closed);
        // And it begins to count anew.
        breaker.record(later, true);
        assert_eq!(breaker.state(), BreakerState::Closed);
    }

    #[test]
    fn a_try_that_is_never_heard_of_again_does_not_keep_it_shut() {
        let (mut breaker, now) = breaker();
        (0..3).for_each(|_| breaker.record(now, true));
        assert!(breaker.admit(now + PAUSE));
        assert!(!breaker.admit(now + PAUSE));
        assert!(breaker.admit(now + 2 * PAUSE));
    }

    /// What happens to a catalog's breaker.
    #[derive(Debug, Clone, Copy)]
    enum Event {
        Asked,
        /// One of the calls that are out ended. Some never do.
        Ended {
            failed: bool,
        },
    }

    fn events() -> impl Strategy<Value = Vec<(u64, Event)>> {
        let ended = proptest::bool::weighted(0.7).prop_map(|failed| Event::Ended { failed });
        proptest::collection::vec((0_u64..60, prop_oneof![Just(Event::Asked), ended]), 1..200)
    }

    proptest! {
        /// By a clock that jumps, with calls that end late or never: while it is shut one call a pause passes, and always does.
        #[test]
        fn a_sick_catalog_gets_one_call_a_pause_and_a_well_one_gets_all(events in events()) {
            let (mut breaker, mut now) = breaker();
            // What became of calls since it was last closed; when it was shut, or last let one pass since.
            let (mut out, mut ended, mut shut) = (0, Vec::new(), None);
            for (gap, event) in events {
                now += Duration::from_millis(gap);
                let before = breaker.state();
                match event {
                    Event::Asked => {
                        let passes = shut.is_none_or(|since| now - since >= PAUSE);
                        prop_assert_eq!(breaker.admit(now), passes);
                        if passes {
                            out += 1;
                            shut = shut.map(|_| now);
                        }
                    }
                    Event::Ended { .. } if out == 0 => {}
                    Event::Ended { failed } => {
                        out -= 1;
                        breaker.record(now, failed);
                        ended.push(failed);
                        let failures = ended.iter().rev().take(CONFIG.window_calls).filter(|failed| **failed).count();
                        let is_closed = match before {
                            BreakerState::Closed => failures < CONFIG.failures_max,
                            BreakerState::HalfOpen => !failed,
                            BreakerState::Open => false,
                        };
                        prop_assert_eq!(breaker.state() == BreakerState::Closed, is_closed);
                        if is_closed && before != BreakerState::Closed {
                            (ended, shut) = (Vec::new(), None);
                        } else if !is_closed && before != BreakerState::Open {
                            shut = Some(now);
                        }
                    }
                }
            }
        }
    }
}
