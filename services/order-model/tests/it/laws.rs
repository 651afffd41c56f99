//! Laws that hold for any sequence of moves by anybody, however the table reads.
//! No law may lean on another: each walks anew.

use std::collections::HashSet;

use order_model::{Alert, Change, Flags, Move, Refusal, Role, Stage, StateType, decide};
use proptest::prelude::{ProptestConfig, Strategy, prop_assert, prop_assert_eq, proptest};
use proptest::strategy::ValueTree;
use proptest::test_runner::{FileFailurePersistence, RngSeed, TestRunner};

use crate::walk::{Belief, Step, new_order, walk, wishes};

/// The only flag sets that can exist: requested, accepted, completed, paid, alert.
const FLAG_SETS: [[bool; 5]; 10] = [
    [false, false, false, false, false],
    [true, false, false, false, false],
    [true, true, false, false, false],
    [true, true, true, false, false],
    [true, true, true, true, false],
    [false, false, false, false, true],
    [true, false, false, false, true],
    [true, true, false, false, true],
    [true, true, true, false, true],
    [true, true, true, true, true],
];

fn flag_set(flags: Flags) -> [bool; 5] {
    [flags.requested, flags.accepted, flags.completed, flags.paid, flags.alert]
}

/// The same cases on every machine; what once failed is kept and tried first.
fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 512,
        rng_seed: RngSeed::Fixed(1_017),
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/regressions/laws.txt"
        )))),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn versions_have_no_gaps(wishes in wishes()) {
        let steps = walk(wishes);
        let events = steps.iter().filter_map(Step::event);
        let versions: Vec<i64> = events.map(|event| event.version.get()).collect();
        let without_gaps: Vec<i64> = (2_i64..).take(versions.len()).collect();
        prop_assert_eq!(versions, without_gaps);
    }

    #[test]
    fn each_event_begins_where_its_predecessor_ended(wishes in wishes()) {
        let (mut stage, mut alert) = (Stage::Created, false);
        for event in walk(wishes).iter().filter_map(Step::event) {
            prop_assert_eq!(event.from_stage, stage);
            prop_assert_eq!(event.from_alert, alert);
            stage = event.to_stage;
            alert = event.to_alert.is_some();
        }
    }

    #[test]
    fn an_event_is_one_rung_or_the_alert_and_never_both(wishes in wishes()) {
        for event in walk(wishes).iter().filter_map(Step::event) {
            let rungs = (event.to_stage as i8) - (event.from_stage as i8);
            let alert_flips = event.from_alert != event.to_alert.is_some();
            if event.state_type == StateType::Alert {
                prop_assert!(rungs == 0 && alert_flips, "{event:?}");
            } else {
                prop_assert_eq!(rungs, if event.new_value { 1 } else { -1 });
                prop_assert!(!alert_flips, "{event:?}");
            }
        }
    }

    #[test]
    fn only_ten_flag_sets_ever_appear(wishes in wishes()) {
        for step in walk(wishes) {
            prop_assert!(FLAG_SETS.contains(&flag_set(step.after.flags())), "{:?}", step.after);
        }
    }

    #[test]
    fn an_event_gives_its_flag_the_value_asked_for_and_leaves_the_others(wishes in wishes()) {
        for step in walk(wishes) {
            if step.event().is_none() {
                continue;
            }
            for state_type in StateType::ALL {
                let expected = if state_type == step.wish.state_type {
                    step.wish.new_value
                } else {
                    step.before.flags().get(state_type)
                };
                let value = step.after.flags().get(state_type);
                prop_assert_eq!(value, expected, "{} of {:?}", state_type, &step);
            }
        }
    }

    #[test]
    fn a_refused_or_repeated_move_changes_nothing_and_any_other_does(wishes in wishes()) {
        for step in walk(wishes) {
            let repeats = step.before.flags().get(step.wish.state_type) == step.wish.new_value;
            let may_change = step.answer.is_ok() && !repeats;
            prop_assert_eq!(step.after != step.before, may_change, "{:?}", &step);
        }
    }

    #[test]
    fn whoever_made_a_move_may_repeat_it_without_harm(wishes in wishes()) {
        for step in walk(wishes) {
            if step.answer.is_ok() {
                let again = Move { if_match: None, reason: None, ..step.wish.asked(&step.after) };
                let answer = decide(&step.after, &again, &step.wish.actor);
                prop_assert_eq!(answer, Ok(Change::Nothing), "{:?}", &step);
            }
        }
    }

    #[test]
    fn who_the_order_is_and_whose_never_changes(wishes in wishes()) {
        for Step { after, .. } in walk(wishes) {
            let first = new_order();
            prop_assert_eq!(after.id, first.id);
            prop_assert_eq!(after.requester_id, first.requester_id);
            prop_assert_eq!(after.created_by, first.created_by);
        }
    }

    #[test]
    fn only_operators_refund_and_they_say_why(wishes in wishes()) {
        for step in walk(wishes) {
            if let Some(event) = step.event()
                && event.from_stage == Stage::Paid
                && event.to_stage != Stage::Paid
            {
                prop_assert!(step.wish.actor.operator, "{:?}", &step);
                prop_assert_eq!(event.role, Role::Operator);
                prop_assert!(event.reason.is_some(), "{:?}", &step);
            }
        }
    }

    #[test]
    fn nobody_outside_the_order_moves_it(wishes in wishes()) {
        for step in walk(wishes) {
            if !step.wish.actor.sees(&step.before) {
                prop_assert_eq!(&step.answer, &Err(Refusal::NotAuthorized), "{:?}", &step);
            }
        }
    }

    #[test]
    fn nothing_is_paid_or_refunded_while_an_alert_is_raised(wishes in wishes()) {
        for event in walk(wishes).iter().filter_map(Step::event) {
            prop_assert!(event.state_type != StateType::Paid || !event.from_alert, "{event:?}");
        }
    }

    #[test]
    fn a_raised_alert_stays_with_its_first_raiser_and_reason_until_cleared(wishes in wishes()) {
        let mut raised: Option<Alert> = None;
        for step in walk(wishes) {
            match step.event() {
                Some(event) if event.state_type == StateType::Alert && event.new_value => {
                    prop_assert!(raised.is_none(), "raised twice: {:?}", &step);
                    raised = Some(Alert { raised_by: event.role, reason: step.wish.reason.clone() });
                }
                Some(event) if event.state_type == StateType::Alert => {
                    let raiser = raised.take().map(|alert| alert.raised_by);
                    prop_assert!(event.role == Role::Operator || raiser == Some(event.role), "{:?}", &step);
                }
                _ => {}
            }
            prop_assert_eq!(&step.after.alert, &raised, "{:?}", &step);
        }
    }

    #[test]
    fn a_move_meant_for_another_version_is_never_made(wishes in wishes()) {
        for step in walk(wishes) {
            if matches!(step.wish.belief, Belief::OneBehind | Belief::OneAhead) {
                let current = step.before.version;
                prop_assert!(
                    matches!(step.answer, Err(Refusal::NotAuthorized))
                        || step.answer == Err(Refusal::VersionMismatch { current }),
                    "{:?}", &step
                );
            }
        }
    }
}

/// Without this, walks that stand still would keep every law above.
#[test]
fn the_walks_go_everywhere() {
    let mut runner = TestRunner::new(config());
    let mut flag_sets = HashSet::new();
    let mut moves = HashSet::new();
    for _ in 0..512 {
        for step in walk(wishes().new_tree(&mut runner).expect("wishes").current()) {
            flag_sets.insert(flag_set(step.after.flags()));
            if let Some(event) = step.event() {
                moves.insert((event.state_type, event.new_value, event.role));
            }
        }
    }
    assert_eq!(flag_sets, HashSet::from(FLAG_SETS));
    // Each of the ten ways to set or clear a flag, by each role that may:
    // a party or an operator on the ladder, an operator for the refund, any role for the alert.
    assert_eq!(moves.len(), 2 * 7 + 1 + 3 * 2, "{moves:?}");
}
