//! A lane: whoever asks gets its own answer, or is told why there is none, whatever becomes of the batch.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot::{Receiver, error::TryRecvError};
use tokio::time::Instant;

use super::{BEGIN, BOUNDS, END};
use crate::coalesce::core::Limits;
use crate::coalesce::lane::{Answered, Asker, Lane, Manner};
use crate::coalesce::outcome::{Failure, Outcome, Unanswered};

const READS: Manner<u64> = Manner { key: |_| None, may_repeat: |_| true, is_dropped_when_left: true };
/// Those of one number are never in two statements at once.
const WRITES: Manner<u64> =
    Manner { key: |number| Some(*number), may_repeat: |_| false, is_dropped_when_left: false };

type Told = Answered<u64, &'static str>;

fn lane(manner: Manner<u64>) -> Arc<Lane<u64, u64, &'static str>> {
    Arc::new(Lane::new(BOUNDS, manner))
}

fn ask(lane: &Lane<u64, u64, &'static str>, now: Instant, question: u64) -> Receiver<Told> {
    lane.ask(now, Asker::own(), Limits { begin_by: now + BEGIN, end_by: now + END }, question).0
}

/// The answer of each question is that question times ten.
fn answers(questions: &[u64]) -> Vec<Outcome<u64>> {
    questions.iter().map(|question| Outcome::Answer(question * 10)).collect()
}

#[test]
fn each_asker_gets_its_own_answer_and_a_batch_knows_whom_it_is_for() {
    let (lane, now) = (lane(READS), Instant::now());
    let later = now + Duration::from_millis(5);
    let (mut one, mut other) = (ask(&lane, now, 1), ask(&lane, later, 2));
    assert!(!lane.is_empty());
    let batch = lane.take(later).expect("two wait");
    assert_eq!(batch.questions(), [1, 2]);
    assert_eq!(batch.since().collect::<Vec<_>>(), [now, later]);
    assert_eq!(batch.spans().count(), 2);
    assert_eq!(batch.end_by(), Some(later + END));
    assert!(lane.is_empty() && lane.take(later).is_none());
    let result = Ok(answers(batch.questions()));
    batch.settle(later, result);
    assert_eq!((one.try_recv(), other.try_recv()), (Ok(Ok(10)), Ok(Ok(20))));
}

#[test]
fn what_nobody_waits_for_any_more_is_not_read_but_written() {
    let now = Instant::now();
    for (manner, expected) in [(READS, vec![2]), (WRITES, vec![1, 2])] {
        let lane = lane(manner);
        let left = ask(&lane, now, 1);
        let _waits = ask(&lane, now, 2);
        drop(left);
        assert_eq!(lane.take(now).expect("one waits").questions(), expected);
    }
}

#[test]
fn whoever_waits_too_long_is_told_so() {
    let (lane, now) = (lane(READS), Instant::now());
    let mut asked = ask(&lane, now, 1);
    assert!(lane.take(now + END).is_none());
    assert_eq!(asked.try_recv(), Ok(Err(Unanswered::Late)));
}

#[test]
fn what_was_held_comes_back_when_it_is_due() {
    let (lane, now) = (lane(WRITES), Instant::now());
    let mut asked = ask(&lane, now, 1);
    assert_eq!(lane.next_due(now), None);
    lane.take(now).expect("one waits").settle(now, Ok(vec![Outcome::Held]));
    let due = lane.next_due(now).expect("it comes back");
    assert!(due > now && lane.take(now).is_none());
    let batch = lane.take(due).expect("it is due");
    let result = Ok(answers(batch.questions()));
    batch.settle(due, result);
    assert_eq!(asked.try_recv(), Ok(Ok(10)));
}

#[test]
fn what_may_be_repeated_is_and_what_may_not_be_is_told_that_nobody_knows() {
    let now = Instant::now();
    for (manner, expected) in
        [(READS, Err(TryRecvError::Empty)), (WRITES, Ok(Err(Unanswered::Failed("broken"))))]
    {
        let lane = lane(manner);
        let mut asked = ask(&lane, now, 1);
        lane.take(now).expect("one waits").settle(now, Err(Failure::Unknown("broken")));
        assert_eq!(asked.try_recv(), expected);
        assert_eq!(lane.take(now).is_some(), manner.is_dropped_when_left);
    }
}

#[test]
fn a_batch_that_is_dropped_answers_nobody_and_its_keys_are_free_again() {
    let (lane, now) = (lane(WRITES), Instant::now());
    let mut asked = ask(&lane, now, 1);
    let batch = lane.take(now).expect("one waits");
    let _same = ask(&lane, now, 1);
    assert!(lane.take(now).is_none(), "its key is in a statement");
    drop(batch);
    assert_eq!(asked.try_recv(), Err(TryRecvError::Closed));
    assert_eq!(lane.take(now).expect("the key is free").questions(), [1]);
}

#[test]
fn whoever_reads_traces_is_told_by_the_same_words_for_ever() {
    let failures = [Failure::Refused(()), Failure::Held, Failure::Lost, Failure::Unknown(())];
    assert_eq!(failures.map(|failure| failure.as_str()), ["refused", "held", "lost", "unknown"]);
}
