//! The words that callers and the database know stages, flags and roles by, in JSON and as text.

use order_model::{Flags, NextMove, Party, Role, Stage, StateType, next_moves};
use serde::Serialize;
use serde_json::{Value, json};

use crate::people::order;

fn json_of(value: impl Serialize) -> Value {
    serde_json::to_value(value).expect("JSON")
}

#[test]
fn stages_are_called_as_the_contract_calls_them() {
    let names = ["created", "requested", "accepted", "completed", "paid"];
    for (stage, name) in Stage::ALL.into_iter().zip(names) {
        assert_eq!(stage.as_str(), name);
        assert_eq!(stage.to_string(), name);
        assert_eq!(json_of(stage), json!(name));
        assert_eq!(Stage::from_name(name), Some(stage));
    }
}

#[test]
fn flags_are_called_as_the_contract_calls_them() {
    let names = ["requested", "accepted", "completed", "paid", "alert"];
    for (state_type, name) in StateType::ALL.into_iter().zip(names) {
        assert_eq!(state_type.as_str(), name);
        assert_eq!(state_type.to_string(), name);
        assert_eq!(json_of(state_type), json!(name));
        assert_eq!(StateType::from_name(name), Some(state_type));
    }
}

#[test]
fn roles_and_parties_are_called_as_the_contract_calls_them() {
    for (role, name) in
        [(Role::Requester, "requester"), (Role::Creator, "creator"), (Role::Operator, "operator")]
    {
        assert_eq!(role.as_str(), name);
        assert_eq!(json_of(role), json!(name));
        assert_eq!(Role::from_name(name), Some(role));
    }
    for (party, name) in [(Party::Requester, "requester"), (Party::Creator, "creator")] {
        assert_eq!(party.as_str(), name);
        assert_eq!(json_of(party), json!(name));
        assert_eq!(Role::from(party).as_str(), name);
    }
}

#[test]
fn other_words_and_other_spellings_are_nobodys_name() {
    for word in ["", "Paid", "PAID", " paid", "paid ", "pai", "shipped"] {
        assert_eq!(Stage::from_name(word), None, "{word:?}");
        assert_eq!(StateType::from_name(word), None, "{word:?}");
        assert_eq!(Role::from_name(word), None, "{word:?}");
    }
    assert_eq!(StateType::from_name("created"), None, "nobody sets `created`");
    assert_eq!(Stage::from_name("alert"), None, "the alert is no stage");
    assert_eq!(Role::from_name("stranger"), None);
}

#[test]
fn a_state_is_seen_as_five_booleans() {
    assert_eq!(
        json_of(Flags::derive(Stage::Accepted, true)),
        json!({"requested": true, "accepted": true, "completed": false, "paid": false, "alert": true})
    );
}

#[test]
fn a_next_move_goes_out_in_the_contracts_shape() {
    let moves: Vec<NextMove> = next_moves(&order(Stage::Paid, None));
    assert_eq!(
        json_of(moves),
        json!([
            {"state_type": "paid", "new_value": false, "by": ["operator"]},
            {"state_type": "alert", "new_value": true, "by": ["requester", "creator", "operator"]},
        ])
    );
}
