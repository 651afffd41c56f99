//! The sentences of a refusal, word for word: callers of the replaced services show them to people.

use order_model::{Alert, Move, Refusal, Role, Stage, StateType, decide};

use crate::people::{Who, alert, order, version};

fn refusal(who: Who, stage: Stage, alert: Option<Alert>, state_type: StateType, new_value: bool) -> Refusal {
    let asked = Move { state_type, new_value, reason: None, if_match: None };
    decide(&order(stage, alert), &asked, &who.actor()).expect_err("a refusal")
}

fn sentence(stage: Stage, state_type: StateType, new_value: bool) -> String {
    refusal(Who::Operator, stage, None, state_type, new_value).to_string()
}

#[test]
fn whoever_may_not_reads_not_authorized() {
    let refusal = refusal(Who::Stranger, Stage::Created, None, StateType::Requested, true);
    assert_eq!(refusal.to_string(), "Not authorized");
}

#[test]
fn clearing_below_later_stages_names_the_flag() {
    for stage in [Stage::Accepted, Stage::Completed, Stage::Paid] {
        assert_eq!(
            sentence(stage, StateType::Requested, false),
            "Cannot modify requested after later stages"
        );
    }
    for stage in [Stage::Completed, Stage::Paid] {
        assert_eq!(sentence(stage, StateType::Accepted, false), "Cannot modify accepted after later stages");
    }
    assert_eq!(
        sentence(Stage::Paid, StateType::Completed, false),
        "Cannot modify completed after later stages"
    );
}

#[test]
fn setting_too_early_names_the_flag_and_what_comes_before_it() {
    assert_eq!(sentence(Stage::Created, StateType::Accepted, true), "Cannot set accepted before requested");
    for stage in [Stage::Created, Stage::Requested] {
        assert_eq!(sentence(stage, StateType::Completed, true), "Cannot set completed before accepted");
    }
    for stage in [Stage::Created, Stage::Requested, Stage::Accepted] {
        assert_eq!(sentence(stage, StateType::Paid, true), "Cannot set paid before completed");
    }
}

#[test]
fn an_alert_holds_payment_and_refund_with_one_sentence() {
    for (stage, new_value) in [(Stage::Completed, true), (Stage::Paid, false)] {
        let refusal = refusal(Who::Operator, stage, Some(alert(Role::Creator)), StateType::Paid, new_value);
        assert_eq!(refusal.to_string(), "Cannot set paid while an alert is raised");
    }
}

#[test]
fn a_refund_without_a_reason_reads_that_one_is_required() {
    assert_eq!(
        sentence(Stage::Paid, StateType::Paid, false),
        "A reason is required to set paid back to false"
    );
}

#[test]
fn a_version_that_is_no_more_is_answered_with_the_present_one() {
    let asked = Move {
        state_type: StateType::Requested,
        new_value: true,
        reason: None,
        if_match: Some(vec![version(40)]),
    };
    let refusal =
        decide(&order(Stage::Created, None), &asked, &Who::Requester.actor()).expect_err("a refusal");
    assert_eq!(refusal.to_string(), "The order has changed since: it is at version 41");
}
