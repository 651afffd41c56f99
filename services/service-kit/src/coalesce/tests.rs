//! The laws, one by one, and then all of them against everything at once.

mod lane;
mod laws;
mod storm;

use std::time::Duration;

use tokio::time::Instant;

use super::core::{Bounds, Core, Limits, Waiting};
use super::outcome::{Failure, Outcome, Unanswered};
use crate::fair::Share;

type Answer = Result<u32, Unanswered<&'static str>>;

const BOUNDS: Bounds = Bounds { queue_items_max: 64, batch_items_max: 8 };

/// How long an item is worth beginning, and how long its asker waits.
const BEGIN: Duration = Duration::from_millis(1_300);
const END: Duration = Duration::from_millis(1_500);

/// The core with a clock that only the test moves. An item is a number; its right answer is that number.
struct Bench {
    core: Core<u32>,
    now: Instant,
}

impl Bench {
    fn new(bounds: Bounds) -> Self {
        Self { core: Core::new(bounds), now: Instant::now() }
    }

    /// Lets `item` of one caller wait; what has to leave is returned.
    fn push(&mut self, item: u32, key: Option<u64>) -> Vec<u32> {
        self.push_of(0, item, key)
    }

    fn push_of(&mut self, caller: u64, item: u32, key: Option<u64>) -> Vec<u32> {
        let limits = Limits { begin_by: self.now + BEGIN, end_by: self.now + END };
        let left = self.core.push(self.now, Share::of(&caller), key, limits, item);
        left.into_iter().map(|(item, _)| item).collect()
    }

    fn take(&mut self) -> Vec<Waiting<u32>> {
        let taken = self.core.take(self.now, |_| true);
        assert!(taken.late.is_empty(), "late: {:?}", taken.late);
        taken.batch
    }

    /// Settles as a statement of which no item can be repeated.
    fn settle(
        &mut self,
        batch: Vec<Waiting<u32>>,
        result: Result<Vec<Outcome<u32>>, Failure<&'static str>>,
    ) -> Vec<(u32, Answer)> {
        self.core.settle(self.now, batch, result, |_| false)
    }

    /// Answers every item of `batch`.
    fn answer(&mut self, batch: Vec<Waiting<u32>>) -> Vec<u32> {
        let outcomes = batch.iter().map(|waiting| Outcome::Answer(waiting.item)).collect();
        let settled = self.settle(batch, Ok(outcomes));
        settled
            .into_iter()
            .map(|(item, answer)| answer.map(|answer| (answer == item).then_some(item)))
            .map(|it| it.expect("answered").expect("its own"))
            .collect()
    }

    fn advance(&mut self, by: Duration) {
        self.now += by;
    }
}

fn items(batch: &[Waiting<u32>]) -> Vec<u32> {
    batch.iter().map(|waiting| waiting.item).collect()
}
