//! Each law by an example that would look different without it.

use std::time::Duration;

use super::super::core::Left;
use super::*;

const MS: Duration = Duration::from_millis(1);

#[test]
fn whoever_works_takes_what_waits_at_most_so_many() {
    let mut bench = Bench::new(BOUNDS);
    bench.push(1, None);
    let alone = bench.take();
    assert_eq!(items(&alone), [1], "a lone request waits for nobody");
    assert!(bench.take().is_empty());
    for item in 2..=11 {
        bench.push(item, None);
    }
    let most = bench.take();
    assert_eq!(items(&most), [2, 3, 4, 5, 6, 7, 8, 9]);
    bench.answer(most);
    assert_eq!(items(&bench.take()), [10, 11]);
    assert_eq!(bench.answer(alone), [1]);
}

#[test]
fn while_a_statement_is_in_flight_the_next_gathers_until_it_is_as_large() {
    let mut bench = Bench::new(BOUNDS);
    for item in 1..=3 {
        bench.push(item, None);
    }
    assert_eq!(items(&bench.take()), [1, 2, 3]);
    bench.push(4, None);
    assert!(bench.core.wants_worker(bench.now), "whoever is idle learns until when it may wait");
    assert_eq!(bench.core.next_due(bench.now), Some(bench.now + MS * 10));
    bench.push(5, None);
    assert!(!bench.core.wants_worker(bench.now) && bench.take().is_empty());
    bench.push(6, None);
    assert!(bench.core.wants_worker(bench.now));
    let second = bench.take();
    assert_eq!(items(&second), [4, 5, 6]);
    bench.push(7, None);
    assert!(bench.take().is_empty());
    bench.answer(second);
    assert!(bench.take().is_empty(), "the first is in flight still");
}

#[test]
fn a_statement_that_is_slow_is_not_waited_for() {
    let mut bench = Bench::new(BOUNDS);
    for item in 1..=3 {
        bench.push(item, Some(u64::from(item)));
    }
    let slow = bench.take();
    bench.push(4, Some(1));
    bench.push(5, None);
    bench.advance(MS * 9);
    assert!(bench.take().is_empty());
    bench.advance(MS);
    assert_eq!(items(&bench.take()), [5], "but its keys are its own");
    bench.advance(MS * 10);
    assert_eq!(
        (bench.core.next_due(bench.now), bench.take().len()),
        (None, 0),
        "nothing to do but to wait for it"
    );
    bench.answer(slow);
    assert_eq!(items(&bench.take()), [4]);
}

#[test]
fn a_request_joins_only_a_statement_that_has_not_been_sent() {
    let mut bench = Bench::new(BOUNDS);
    bench.push(1, None);
    let sent = bench.take();
    bench.push(2, None);
    assert_eq!(items(&sent), [1]);
    assert_eq!(bench.answer(sent), [1]);
    assert_eq!(items(&bench.take()), [2]);
}

#[test]
fn items_of_one_key_are_in_one_statement_at_a_time_in_the_order_in_which_they_came() {
    let mut bench = Bench::new(BOUNDS);
    bench.push_of(1, 1, Some(7));
    bench.push_of(2, 2, Some(7));
    bench.push_of(1, 3, Some(8));
    let first = bench.take();
    assert_eq!(items(&first), [1, 2, 3]);
    bench.push_of(2, 4, Some(7));
    bench.push_of(1, 5, Some(9));
    bench.push_of(1, 6, Some(7));
    bench.push_of(1, 8, Some(9));
    let second = bench.take();
    assert_eq!(items(&second), [5, 8], "7 is in a statement");
    assert!(!bench.core.is_empty());
    bench.answer(first);
    assert_eq!(items(&bench.take()), [4, 6]);
    bench.answer(second);
}

#[test]
fn one_callers_waiting_moves_keep_the_turn_of_none_but_themselves() {
    let mut bench = Bench::new(BOUNDS);
    bench.push_of(1, 1, Some(7));
    let held = bench.take();
    for item in 2..=20 {
        bench.push_of(1, item, Some(7));
    }
    bench.push_of(2, 30, Some(8));
    bench.push_of(1, 31, None);
    assert_eq!(items(&bench.take()), [30, 31]);
    bench.answer(held);
    assert_eq!(items(&bench.take()), [2, 3, 4, 5, 6, 7, 8, 9], "and they are as they were");
}

#[test]
fn after_an_error_each_goes_alone_and_only_the_bad_one_fails() {
    let mut bench = Bench::new(BOUNDS);
    for item in 1..=3 {
        bench.push(item, Some(u64::from(item)));
    }
    let batch = bench.take();
    assert!(bench.settle(batch, Err(Failure::Refused("bad"))).is_empty(), "nobody is told anything yet");
    bench.push(4, None);
    let mut alone: Vec<_> = (0..3).map(|_| bench.take()).collect();
    assert_eq!(alone.iter().map(|batch| items(batch)).collect::<Vec<_>>(), [[1], [2], [3]]);
    assert_eq!(items(&bench.take()), [4], "then whoever came later");
    assert_eq!(
        bench.settle(alone.remove(1), Err(Failure::Refused("bad"))),
        [(2, Err(Unanswered::Failed("bad")))]
    );
    assert_eq!(bench.answer(alone.remove(1)), [3]);
    assert_eq!(bench.answer(alone.remove(0)), [1]);
    assert!(bench.core.is_empty());
}

#[test]
fn what_was_refused_with_others_and_has_no_time_to_go_alone_was_not_begun() {
    let mut bench = Bench::new(BOUNDS);
    bench.push(1, None);
    bench.push(2, None);
    let batch = bench.take();
    bench.settle(batch, Err(Failure::Refused("bad")));
    bench.advance(BEGIN);
    let taken = bench.core.take(bench.now, |_| true);
    assert_eq!((items(&taken.batch), taken.late), (vec![], vec![(1, Left::Late), (2, Left::Late)]));
}

#[test]
fn those_who_go_alone_come_before_and_never_with_others_of_their_key() {
    let mut bench = Bench::new(BOUNDS);
    bench.push(1, Some(7));
    bench.push(2, Some(7));
    let batch = bench.take();
    bench.settle(batch, Err(Failure::Refused("bad")));
    let first = bench.take();
    assert_eq!(items(&first), [1]);
    assert!(bench.take().is_empty(), "the second waits for the first");
    bench.answer(first);
    assert_eq!(items(&bench.take()), [2]);
}

#[test]
fn what_may_have_been_written_is_not_sent_again_unless_a_repetition_is_recognised() {
    let mut bench = Bench::new(BOUNDS);
    for item in 1..=3 {
        bench.push(item, None);
    }
    let batch = bench.take();
    let settled =
        bench.core.settle::<u32, _>(bench.now, batch, Err(Failure::Unknown("broke")), |item| *item == 2);
    assert_eq!(settled, [(1, Err(Unanswered::Failed("broke"))), (3, Err(Unanswered::Failed("broke")))]);
    let again = bench.take();
    assert_eq!(items(&again), [2]);
    assert_eq!(bench.answer(again), [2]);
}

#[test]
fn what_breaks_a_second_time_goes_alone_and_breaks_nobody_else() {
    let mut bench = Bench::new(BOUNDS);
    bench.push(1, None);
    bench.push(2, None);
    for _ in 0..2 {
        let both = bench.take();
        assert_eq!(items(&both), [1, 2]);
        let settled = bench.core.settle::<u32, _>(bench.now, both, Err(Failure::Unknown("broke")), |_| true);
        assert!(settled.is_empty());
    }
    let first = bench.take();
    assert_eq!(items(&first), [1]);
    assert_eq!(items(&bench.take()), [2]);
}

#[test]
fn whoever_keeps_breaking_is_told_what_broke() {
    let mut bench = Bench::new(BOUNDS);
    bench.push(1, None);
    for _ in 0..5 {
        let batch = bench.take();
        assert!(
            bench
                .core
                .settle::<u32, _>(bench.now, batch, Err(Failure::Unknown("broke")), |_| true)
                .is_empty()
        );
    }
    let batch = bench.take();
    let settled = bench.core.settle::<u32, _>(bench.now, batch, Err(Failure::Unknown("broke")), |_| true);
    assert_eq!(settled, [(1, Err(Unanswered::Failed("broke")))]);
}

#[test]
fn what_may_have_been_written_is_never_told_that_nothing_was_done() {
    let mut bench = Bench::new(BOUNDS);
    bench.push(1, Some(1));
    bench.push(2, Some(2));
    let batch = bench.take();
    bench.core.settle::<u32, _>(bench.now, batch, Err(Failure::Unknown("broke")), |_| true);
    let batch = bench.take();
    bench.settle(batch, Ok(vec![Outcome::Held, Outcome::Lost]));
    for _ in 0..3 {
        let batch = bench.take();
        assert!(bench.settle(batch, Ok(vec![Outcome::Lost])).is_empty());
    }
    let batch = bench.take();
    assert_eq!(bench.settle(batch, Ok(vec![Outcome::Lost])), [(2, Err(Unanswered::InDoubt))]);
    bench.advance(BEGIN);
    let taken = bench.core.take(bench.now, |_| true);
    assert_eq!((items(&taken.batch), taken.late), (vec![], vec![(1, Left::InDoubt)]));
}

#[test]
fn the_queue_is_bounded_and_whoever_has_most_in_it_gives_way() {
    let mut bench = Bench::new(Bounds { queue_items_max: 4, batch_items_max: 8 });
    for item in 1..=4 {
        assert!(bench.push_of(1, item, None).is_empty());
    }
    assert_eq!(bench.push_of(1, 5, None), [5]);
    assert_eq!(bench.push_of(2, 6, None), [4]);
    assert_eq!(items(&bench.take()), [1, 2, 3, 6]);
}

#[test]
fn in_a_full_queue_what_is_late_gives_way_first() {
    let mut bench = Bench::new(Bounds { queue_items_max: 3, batch_items_max: 8 });
    bench.push_of(1, 1, None);
    bench.advance(MS * 100);
    bench.push_of(1, 2, None);
    bench.push_of(2, 3, None);
    assert_eq!(bench.push_of(2, 4, None), [4], "nobody is late yet");
    bench.advance(BEGIN.saturating_sub(MS * 100));
    assert_eq!(bench.push_of(2, 5, None), [1]);
    assert_eq!(bench.push_of(2, 6, None), [6], "the next is late in a while only");
    bench.advance(MS * 100);
    let limits = Limits { begin_by: bench.now + BEGIN, end_by: bench.now + END };
    let mut left = bench.core.push(bench.now, Share::of(&3), None, limits, 7);
    left.sort_unstable_by_key(|(item, _)| *item);
    assert_eq!(left, [(2, Left::Late), (3, Left::Late)]);
    assert_eq!(items(&bench.take()), [5, 7]);
}

#[test]
fn what_is_late_or_wanted_by_nobody_is_not_begun() {
    let mut bench = Bench::new(BOUNDS);
    bench.push(1, None);
    bench.advance(BEGIN.saturating_sub(MS));
    bench.push(2, None);
    bench.push(3, None);
    bench.advance(MS);
    let taken = bench.core.take(bench.now, |item| *item != 2);
    assert_eq!(items(&taken.batch), [3]);
    assert_eq!(taken.late, [(1, Left::Late), (2, Left::Late)]);
}

#[test]
fn those_who_are_late_take_no_room_from_others() {
    let mut bench = Bench::new(BOUNDS);
    for item in 1..=10 {
        bench.push(item, None);
    }
    bench.advance(BEGIN);
    for item in 11..=20 {
        bench.push(item, None);
    }
    let taken = bench.core.take(bench.now, |_| true);
    assert_eq!((items(&taken.batch), taken.late.len()), ((11..=18).collect(), 10));
}

#[test]
fn too_few_or_too_many_answers_answer_nobody() {
    for answers in [vec![], vec![Outcome::Answer(1)], vec![Outcome::Answer(1); 3]] {
        let mut bench = Bench::new(BOUNDS);
        bench.push(1, Some(1));
        bench.push(2, Some(2));
        let batch = bench.take();
        let mismatched = Err(Unanswered::Mismatched);
        assert_eq!(bench.settle(batch, Ok(answers)), [(1, mismatched.clone()), (2, mismatched)]);
        bench.push(3, Some(1));
        assert_eq!(items(&bench.take()), [3], "their keys are free again");
    }
}

#[test]
fn a_lost_race_is_decided_again_at_once_and_whole_before_whoever_came_later() {
    let mut bench = Bench::new(BOUNDS);
    bench.push(1, Some(7));
    bench.push(2, Some(8));
    bench.push(3, Some(7));
    let batch = bench.take();
    for item in 4..=12 {
        bench.push(item, Some(7));
    }
    let settled = bench.settle(batch, Ok(vec![Outcome::Lost, Outcome::Answer(2), Outcome::Lost]));
    assert_eq!(settled, [(2, Ok(2))]);
    assert_eq!(items(&bench.take()), [1, 3, 4, 5, 6, 7, 8, 9]);
}

#[test]
fn however_many_come_back_whoever_is_fresh_gets_a_part() {
    let mut bench = Bench::new(BOUNDS);
    for item in 1..=8 {
        bench.push(item, None);
    }
    let batch = bench.take();
    bench.settle(batch, Ok(vec![Outcome::Lost; 8]));
    bench.push(9, None);
    assert_eq!(items(&bench.take()), [1, 2, 3, 4, 5, 6, 9]);
}

#[test]
fn where_too_many_wait_to_come_back_nobody_else_is_begun() {
    let mut bench = Bench::new(Bounds { queue_items_max: 8, batch_items_max: 8 });
    for item in 1..=8 {
        bench.push(item, None);
    }
    let batch = bench.take();
    bench.settle(batch, Ok(vec![Outcome::Held; 8]));
    bench.push(9, None);
    assert!(bench.take().is_empty());
    bench.advance(MS * 50);
    assert_eq!(items(&bench.take()), [1, 2, 3, 4, 5, 6, 9]);
}

#[test]
fn after_five_lost_races_it_is_contended() {
    let mut bench = Bench::new(BOUNDS);
    bench.push(1, Some(7));
    for _ in 0..5 {
        let batch = bench.take();
        assert!(bench.settle(batch, Ok(vec![Outcome::Lost])).is_empty());
    }
    let batch = bench.take();
    assert_eq!(bench.settle(batch, Err(Failure::Lost)), [(1, Err(Unanswered::Contended))]);
    assert!(bench.core.is_empty());
}

#[test]
fn what_somebody_else_holds_delays_only_its_own_followers() {
    let mut bench = Bench::new(BOUNDS);
    bench.push(1, Some(8));
    bench.push(2, Some(9));
    let batch = bench.take();
    assert_eq!(bench.settle(batch, Ok(vec![Outcome::Held, Outcome::Answer(2)])), [(2, Ok(2))]);
    bench.push(3, Some(8));
    bench.push(4, Some(9));
    assert_eq!(
        bench.core.next_due(bench.now),
        Some(bench.now + MS * 10),
        "5 ms, then twice that, no spread for this key"
    );
    let other = bench.take();
    assert_eq!(items(&other), [4]);
    bench.answer(other);
    bench.advance(MS * 9);
    assert!(bench.take().is_empty());
    bench.advance(MS);
    assert_eq!(items(&bench.take()), [1, 3], "one probe, and its follower with it");
    assert_eq!(bench.core.next_due(bench.now), None);
}

#[test]
fn the_pauses_grow_to_a_bound_and_end_with_the_time_that_there_is() {
    let mut bench = Bench::new(BOUNDS);
    let start = bench.now;
    bench.push(1, Some(8));
    let mut pauses = Vec::new();
    loop {
        let batch = bench.take();
        assert_eq!(items(&batch), [1]);
        let settled = bench.settle(batch, Ok(vec![Outcome::Held]));
        if !settled.is_empty() {
            assert_eq!(settled, [(1, Err(Unanswered::Contended))]);
            break;
        }
        let due = bench.core.next_due(bench.now).expect("it comes back");
        pauses.push(due - bench.now);
        bench.now = due;
    }
    assert_eq!(pauses[..5], [10, 20, 40, 50, 50].map(|pause| MS * pause));
    assert!(bench.now < start + BEGIN && bench.now + MS * 50 >= start + BEGIN);
}

#[test]
fn pauses_are_spread_by_key() {
    let mut due: Vec<Duration> = (0..8)
        .map(|key| {
            let mut bench = Bench::new(BOUNDS);
            bench.push(1, Some(key));
            let batch = bench.take();
            bench.settle(batch, Err(Failure::Held));
            bench.core.next_due(bench.now).expect("it comes back") - bench.now
        })
        .collect();
    assert!(due.iter().all(|pause| (MS * 10..MS * 15).contains(pause)), "{due:?}");
    due.dedup();
    assert_eq!(due.len(), 8);
}

#[test]
fn a_statement_that_meets_a_lock_sends_each_alone_and_that_one_after_a_pause() {
    let mut bench = Bench::new(BOUNDS);
    bench.push(1, None);
    bench.push(2, None);
    let batch = bench.take();
    assert!(bench.settle(batch, Err(Failure::Held)).is_empty());
    let first = bench.take();
    assert_eq!(items(&first), [1]);
    assert!(bench.settle(first, Err(Failure::Held)).is_empty());
    let second = bench.take();
    assert_eq!(items(&second), [2]);
    assert_eq!(bench.answer(second), [2]);
    assert!(bench.take().is_empty());
    bench.now = bench.core.next_due(bench.now).expect("it comes back");
    let first = bench.take();
    assert_eq!(bench.answer(first), [1]);
}

#[test]
fn what_comes_back_too_late_or_for_nobody_is_contended() {
    let mut bench = Bench::new(BOUNDS);
    bench.push(1, Some(1));
    bench.push(2, None);
    let batch = bench.take();
    bench.settle(batch, Err(Failure::Lost));
    let taken = bench.core.take(bench.now, |item| *item != 1);
    assert_eq!((items(&taken.batch), taken.late), (vec![2], vec![(1, Left::Contended)]));
    bench.settle(taken.batch, Err(Failure::Lost));
    bench.advance(BEGIN);
    let taken = bench.core.take(bench.now, |_| true);
    assert!(taken.batch.is_empty());
    assert_eq!(taken.late, [(2, Left::Contended)]);
}

#[test]
fn a_batch_that_is_given_up_frees_its_keys() {
    let mut bench = Bench::new(BOUNDS);
    bench.push(1, Some(7));
    let batch = bench.take();
    bench.push(2, Some(7));
    assert!(bench.take().is_empty());
    bench.core.release(&batch);
    assert_eq!(items(&bench.take()), [2]);
}
