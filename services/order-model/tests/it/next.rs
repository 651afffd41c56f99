//! `next_moves` promises exactly what [`decide`] keeps: no move that would be refused, and none left out.

use order_model::{Actor, Change, Move, NextMove, Order, Role, Stage, StateType, decide, next_moves};

use crate::people::{CREATED_BY, OPERATOR_ID, REQUESTER_ID, actor, alert, alerts, order, reason};

/// One person of each role and no other, parties first.
fn one_of_each_role() -> [(Role, Actor); 3] {
    [
        (Role::Requester, actor(Some(REQUESTER_ID), None, false)),
        (Role::Creator, actor(None, Some(CREATED_BY), false)),
        (Role::Operator, actor(Some(OPERATOR_ID), None, true)),
    ]
}

/// Whether that move, with a reason given, would be an event.
fn changes(order: &Order, state_type: StateType, new_value: bool, actor: &Actor) -> bool {
    let asked = Move { state_type, new_value, reason: Some(reason("because")), if_match: None };
    matches!(decide(order, &asked, actor), Ok(Change::Event(_)))
}

/// Every move that `decide` lets somebody make, found by trying all of them.
fn tried(order: &Order) -> Vec<NextMove> {
    let mut moves = Vec::new();
    for state_type in StateType::ALL {
        for new_value in [true, false] {
            let by: Vec<Role> = one_of_each_role()
                .into_iter()
                .filter(|(_, actor)| changes(order, state_type, new_value, actor))
                .map(|(role, _)| role)
                .collect();
            if !by.is_empty() {
                moves.push(NextMove { state_type, new_value, by });
            }
        }
    }
    moves
}

fn next_move(state_type: StateType, new_value: bool, by: &[Role]) -> NextMove {
    NextMove { state_type, new_value, by: by.to_vec() }
}

#[test]
fn what_is_promised_is_what_is_allowed_from_every_state() {
    let mut states = 0;
    for stage in Stage::ALL {
        for alert in alerts() {
            let order = order(stage, alert);
            assert_eq!(next_moves(&order), tried(&order), "{order:?}");
            states += 1;
        }
    }
    assert_eq!(states, 20, "the states have become fewer or more");
}

#[test]
fn a_new_order_can_be_requested_or_questioned() {
    assert_eq!(
        next_moves(&order(Stage::Created, None)),
        [
            next_move(StateType::Requested, true, &[Role::Requester, Role::Operator]),
            next_move(StateType::Alert, true, &[Role::Requester, Role::Creator, Role::Operator]),
        ]
    );
}

#[test]
fn a_paid_order_can_be_refunded_by_operators_alone() {
    assert_eq!(
        next_moves(&order(Stage::Paid, None)),
        [
            next_move(StateType::Paid, false, &[Role::Operator]),
            next_move(StateType::Alert, true, &[Role::Requester, Role::Creator, Role::Operator]),
        ]
    );
}

#[test]
fn an_alert_leaves_a_completed_order_only_the_way_back_and_its_own_clearing() {
    assert_eq!(
        next_moves(&order(Stage::Completed, Some(alert(Role::Creator)))),
        [
            next_move(StateType::Completed, false, &[Role::Creator, Role::Operator]),
            next_move(StateType::Alert, false, &[Role::Creator, Role::Operator]),
        ]
    );
}
