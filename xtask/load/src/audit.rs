//! After a load: each order that was acknowledged is asked for once more, and each create whose fate is unknown is sent again
//! under its key, until there is an answer that tells. What was promised and is not there is lost.

use crate::client::Answer;
use crate::drive::{Plan, Script, Until, start};
use crate::question::{Question, Verdict};
use crate::report::Report;
use crate::work::{Expected, Work};

/// More are not asked about: an audit of hours would tell no more.
const ORDERS_MAX: usize = 20_000;

struct Audit {
    work: Work,
    /// Numbers of creates.
    left: Vec<u64>,
}

/// Asks about everything, each once; the newest first, where it is too much.
pub async fn audit(plan: Plan, work: Work) -> Report {
    let mut left: Vec<u64> = work.unknown().collect();
    left.extend(work.numbers.iter().rev());
    left.truncate(ORDERS_MAX);
    if left.is_empty() {
        return Report::default();
    }
    let until = Until::Requests(u64::try_from(left.len()).unwrap_or(u64::MAX));
    let plan = Plan { rate: None, until, ..plan };
    start(plan, Audit { work, left }).await.end().await.0
}

impl Script for Audit {
    type Expected = Expected;

    fn next(&mut self) -> Question<Expected> {
        // So many are asked for as there are.
        let number = self.left.pop().unwrap_or_default();
        self.work.look_at(number, "/status", false)
    }

    fn judge(&mut self, question: &Question<Expected>, answer: &Answer) -> Verdict {
        self.work.judge(question, answer)
    }
}
