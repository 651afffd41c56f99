//! Who is who: identities are compared exactly, and an absent one is nobody's.

use order_model::{Actor, Change, Move, Party, Stage, StateType, decide};

use crate::people::{CREATED_BY, REQUESTER_ID, Who, actor, alerts, order, reason};

#[test]
fn an_order_exists_for_its_parties_and_operators_only() {
    let order = order(Stage::Requested, None);
    for (who, sees) in Who::ALL.into_iter().zip([true, true, true, false, false, true, true, true]) {
        assert_eq!(who.actor().sees(&order), sees, "{who:?}");
    }
}

#[test]
fn a_party_is_known_by_its_own_kind_of_name() {
    let order = order(Stage::Requested, None);
    let parties = |who: Who| {
        let actor = who.actor();
        (actor.is(Party::Requester, &order), actor.is(Party::Creator, &order))
    };
    assert_eq!(parties(Who::Requester), (true, false));
    assert_eq!(parties(Who::Creator), (false, true));
    assert_eq!(parties(Who::Both), (true, true));
    assert_eq!(parties(Who::Stranger), (false, false));
    assert_eq!(parties(Who::Nobody), (false, false));
    assert_eq!(parties(Who::Operator), (false, false));
}

#[test]
fn names_that_differ_in_case_or_accent_are_other_people() {
    let order = order(Stage::Requested, None);
    for other in ["R-7", "r-7\u{301}", "r-70", "r-", "7"] {
        assert!(!actor(Some(other), None, false).sees(&order), "{other}");
    }
    for other in ["Carla", "carlá", "carla1", "car la"] {
        assert!(!actor(None, Some(other), false).sees(&order), "{other}");
    }
}

#[test]
fn half_an_identity_is_half_a_person() {
    let order = order(Stage::Requested, None);
    assert!(actor(Some(REQUESTER_ID), None, false).is(Party::Requester, &order));
    assert!(!actor(Some(REQUESTER_ID), None, false).is(Party::Creator, &order));
    assert!(actor(None, Some(CREATED_BY), false).is(Party::Creator, &order));
    assert!(!actor(None, Some(CREATED_BY), false).is(Party::Requester, &order));
    assert!(!Actor::default().sees(&order));
}

#[test]
fn an_operator_whom_no_event_could_name_makes_none() {
    let nameless = actor(None, Some("olga"), true);
    for stage in Stage::ALL {
        for alert in alerts() {
            for state_type in StateType::ALL {
                for new_value in [true, false] {
                    let asked =
                        Move { state_type, new_value, reason: Some(reason("because")), if_match: None };
                    let answer = decide(&order(stage, alert.clone()), &asked, &nameless);
                    assert!(!matches!(answer, Ok(Change::Event(_))), "{stage} {asked:?}");
                }
            }
        }
    }
}
