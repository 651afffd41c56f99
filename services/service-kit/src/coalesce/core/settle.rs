//! The rules by which batches come back: who is answered, who goes again and when.

use tokio::time::Instant;

use super::super::outcome::{Failure, Outcome, Unanswered};
use super::{Back, Core, Waiting};

/// How often an item that lost a race is decided again.
const RACES_MAX: u32 = 5;

/// How an item comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Again {
    Alone,
    Lost,
    Held,
}

/// An item and what its asker is told.
type Settled<T, A, E> = (T, Result<A, Unanswered<E>>);

impl<T> Core<T> {
    /// Takes a batch back whose statement has ended with `result`, in the items' order. Returns what is settled.
    /// `may_repeat` tells of which items a repetition does no harm.
    pub(crate) fn settle<A, E: Clone>(
        &mut self,
        now: Instant,
        batch: Vec<Waiting<T>>,
        result: Result<Vec<Outcome<A>>, Failure<E>>,
        may_repeat: impl Fn(&T) -> bool,
    ) -> Vec<Settled<T, A, E>> {
        self.release(&batch);
        match result {
            Ok(outcomes) if outcomes.len() == batch.len() => self.settle_each(now, batch, outcomes),
            Ok(_) => batch.into_iter().map(|it| (it.item, Err(Unanswered::Mismatched))).collect(),
            Err(failure) => self.settle_all(now, batch, &failure, may_repeat),
        }
    }

    fn settle_each<A, E>(
        &mut self,
        now: Instant,
        batch: Vec<Waiting<T>>,
        outcomes: Vec<Outcome<A>>,
    ) -> Vec<Settled<T, A, E>> {
        let mut settle = |(waiting, outcome): (Waiting<T>, Outcome<A>)| {
            let again = match outcome {
                Outcome::Answer(answer) => return Some((waiting.item, Ok(answer))),
                Outcome::Lost | Outcome::Broken => Again::Lost,
                Outcome::Held => Again::Held,
            };
            self.again(now, waiting, again).map(|(item, why)| (item, Err(why)))
        };
        batch.into_iter().zip(outcomes).filter_map(&mut settle).collect()
    }

    fn settle_all<A, E: Clone>(
        &mut self,
        now: Instant,
        batch: Vec<Waiting<T>>,
        failure: &Failure<E>,
        may_repeat: impl Fn(&T) -> bool,
    ) -> Vec<Settled<T, A, E>> {
        let is_alone = batch.len() == 1;
        let mut settle = |mut waiting: Waiting<T>| {
            let again = match failure {
                Failure::Lost => Again::Lost,
                Failure::Held if is_alone => Again::Held,
                Failure::Refused(error) if is_alone => {
                    return Some((waiting.item, Err(Unanswered::Failed(error.clone()))));
                }
                // One of many is to blame, and none but that one may be told so.
                Failure::Held | Failure::Refused(_) => Again::Alone,
                Failure::Unknown(error) => {
                    let given_up = if may_repeat(&waiting.item) {
                        // What breaks twice may be broken by one of them: from then on each goes alone.
                        waiting.alone = waiting.in_doubt;
                        waiting.in_doubt = true;
                        self.again::<E>(now, waiting, Again::Lost).map(|(item, _)| item)
                    } else {
                        Some(waiting.item)
                    };
                    return given_up.map(|item| (item, Err(Unanswered::Failed(error.clone()))));
                }
            };
            self.again(now, waiting, again).map(|(item, why)| (item, Err(why)))
        };
        batch.into_iter().filter_map(&mut settle).collect()
    }

    /// Lets go of a batch and its keys: the next one may have them.
    pub(crate) fn release<U>(&mut self, batch: &[Waiting<U>]) {
        if let Some(first) = batch.first() {
            self.flights.retain(|flight| flight.number != first.number);
        }
        for key in batch.iter().filter_map(|waiting| waiting.key) {
            self.busy.remove(&key);
        }
    }

    /// Lets an item come back, unless it has come back often enough or its time would be over: then it is returned, and why.
    fn again<E>(
        &mut self,
        now: Instant,
        mut waiting: Waiting<T>,
        again: Again,
    ) -> Option<(T, Unanswered<E>)> {
        let due = match again {
            Again::Alone => {
                waiting.alone = true;
                now
            }
            Again::Lost => {
                waiting.races += 1;
                now
            }
            Again::Held => {
                waiting.pauses += 1;
                now + waiting.pause()
            }
        };
        if waiting.races > RACES_MAX || waiting.limits.begin_by <= due {
            let why = waiting.why_late().into();
            return Some((waiting.item, why));
        }
        // In the order in which they came, however often each has come back.
        let place = self.back.partition_point(|back| back.waiting.number < waiting.number);
        self.back.insert(place, Back { due, waiting });
        None
    }
}
