//! Operators act in either party's place, and every event of theirs says so.

use serde_json::{Value, json};

use super::callers::{As, CREATOR, Mode, OPERATOR, REQUESTER, Who};
use crate::support::foreign::seed;
use crate::support::{Answer, App, BUYER, MAKER};

const OTHER_OPERATOR: Who = Who { user_id: "operator-10", username: None, operator: true };

/// A service that verifies tokens, and an order so many rungs above `created`.
async fn app_with(order_id: i64, rung: i32) -> App {
    let app = Mode::Token.app().await;
    seed(&app.database, BUYER, MAKER, &[(order_id, rung, None)]).await;
    app
}

/// Who an event says it was.
fn told(event: &Value) -> [&str; 3] {
    ["actor", "role", "on_behalf_of"].map(|key| event[key].as_str().unwrap_or("-"))
}

fn done(answer: &Answer) {
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn each_move_of_an_operator_names_them_and_in_whose_place_they_acted() {
    let app = app_with(1, 0).await;
    let operator = As(&app, OPERATOR);
    for (state_type, new_value, on_behalf_of) in [
        ("requested", true, "requester"),
        ("requested", false, "requester"),
        ("requested", true, "requester"),
        ("accepted", true, "creator"),
        ("accepted", false, "creator"),
        ("accepted", true, "creator"),
        ("alert", true, "-"),
        ("alert", false, "-"),
        ("completed", true, "creator"),
        ("completed", false, "creator"),
        ("completed", true, "creator"),
        ("paid", true, "requester"),
    ] {
        done(&operator.moves(1, state_type, new_value).await);
        let events = operator.events(1).await;
        let last = events.last().unwrap();
        assert_eq!(told(last), ["operator-9", "operator", on_behalf_of], "{last}");
        assert_eq!((&last["state_type"], &last["new_value"]), (&json!(state_type), &json!(new_value)));
    }
    app.finish().await;
}

#[tokio::test]
async fn a_refund_is_an_operator_s_and_says_why() {
    let app = app_with(1, 4).await;
    let refund = json!({"state_type": "paid", "new_value": false, "reason": "It broke in two"});
    for party in [REQUESTER, CREATOR] {
        As(&app, party).put(1, &refund).await.refused(403, "not_authorized", "Not authorized");
    }
    let operator = As(&app, OPERATOR);
    for without in [
        json!({"state_type": "paid", "new_value": false}),
        json!({"state_type": "paid", "new_value": false, "reason": null}),
    ] {
        let answer = operator.put(1, &without).await;
        assert_eq!((answer.status, &answer.json()["code"]), (422, &json!("reason_required")), "{answer:?}");
    }
    assert_eq!(app.events(1).await, 5);
    let order = operator.put(1, &refund).await.order();
    assert_eq!((&order["status"], &order["paid"]), (&json!("completed"), &json!(false)));
    let events = operator.events(1).await;
    let last = events.last().unwrap();
    assert_eq!(told(last), ["operator-9", "operator", "requester"]);
    assert_eq!((&last["reason"], &last["to_status"]), (&json!("It broke in two"), &json!("completed")));
    // It was given back, so it may be paid again.
    done(&As(&app, REQUESTER).moves(1, "paid", true).await);
    app.finish().await;
}

#[tokio::test]
async fn the_reason_of_a_refund_is_asked_for_last() {
    let app = app_with(1, 3).await;
    let operator = As(&app, OPERATOR);
    // Nothing to give back: a value repeated needs no reason.
    done(&operator.moves(1, "paid", false).await);
    assert_eq!(app.events(1).await, 4);
    let request = app.request(reqwest::Method::PUT, "/orders/1/update").header("if-match", "\"99\"");
    let body = json!({"state_type": "paid", "new_value": false}).to_string();
    let stale = Answer::of(Mode::Token.sign(Some(OPERATOR), request.body(body))).await;
    assert_eq!(stale.status, 412, "{stale:?}");
    app.finish().await;
}

#[tokio::test]
async fn an_alert_of_an_operator_is_cleared_by_operators_only() {
    let app = app_with(1, 3).await;
    done(&As(&app, OPERATOR).moves(1, "alert", true).await);
    for party in [REQUESTER, CREATOR] {
        let answer = As(&app, party).moves(1, "alert", false).await;
        answer.refused(403, "not_authorized", "Not authorized");
        // Raising it again is no change, and does not make it theirs.
        done(&As(&app, party).moves(1, "alert", true).await);
        As(&app, party).moves(1, "alert", false).await.refused(403, "not_authorized", "Not authorized");
    }
    let held = As(&app, REQUESTER).moves(1, "paid", true).await;
    held.refused(409, "alert_raised", "Cannot set paid while an alert is raised");
    let held = As(&app, OPERATOR).moves(1, "paid", true).await;
    held.refused(409, "alert_raised", "Cannot set paid while an alert is raised");
    done(&As(&app, OTHER_OPERATOR).moves(1, "alert", false).await);
    let events = As(&app, OPERATOR).events(1).await;
    assert_eq!(told(events.last().unwrap()), ["operator-10", "operator", "-"]);
    done(&As(&app, REQUESTER).moves(1, "paid", true).await);
    app.finish().await;
}

#[tokio::test]
async fn an_operator_clears_the_alert_of_either_party() {
    let app = app_with(1, 1).await;
    for (party, other) in [(REQUESTER, CREATOR), (CREATOR, REQUESTER)] {
        done(&As(&app, party).moves(1, "alert", true).await);
        As(&app, other).moves(1, "alert", false).await.refused(403, "not_authorized", "Not authorized");
        done(&As(&app, OPERATOR).moves(1, "alert", false).await);
    }
    app.finish().await;
}

#[tokio::test]
async fn the_ladder_holds_for_operators_too() {
    let app = app_with(1, 0).await;
    let operator = As(&app, OPERATOR);
    let early = operator.moves(1, "accepted", true).await;
    early.refused(409, "earlier_stage_missing", "Cannot set accepted before requested");
    let early = operator.moves(1, "paid", true).await;
    early.refused(409, "earlier_stage_missing", "Cannot set paid before completed");
    done(&operator.moves(1, "requested", true).await);
    done(&operator.moves(1, "accepted", true).await);
    let late = operator.moves(1, "requested", false).await;
    late.refused(409, "later_stages", "Cannot modify requested after later stages");
    let version = operator.get("/orders/1").await.json()["version"].clone();
    // A value repeated is no event, whoever repeats it.
    done(&operator.moves(1, "accepted", true).await);
    assert_eq!(operator.get("/orders/1").await.json()["version"], version);
    app.finish().await;
}

#[tokio::test]
async fn an_order_that_an_operator_makes_for_another_says_so() {
    let app = Mode::Token.app().await;
    let operator = As(&app, OPERATOR);
    let made = operator.post(&json!({"requester_id": BUYER, "created_by": MAKER})).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.order()["requester_id"], BUYER);
    let order_id = made.order()["id"].as_i64().unwrap();
    let events = operator.events(order_id).await;
    assert_eq!((events.len(), told(&events[0])), (1, ["operator-9", "operator", "-"]));
    // It is the requester's all the same, and nobody else's.
    done(&As(&app, REQUESTER).moves(order_id, "requested", true).await);
    app.finish().await;
}

#[tokio::test]
async fn an_operator_who_is_a_party_acts_as_the_party() {
    let app = Mode::Token.app().await;
    let buyer = As(&app, Who { operator: true, ..REQUESTER });
    let made = buyer.post(&json!({"requester_id": BUYER, "created_by": MAKER})).await;
    assert_eq!(made.status, 201, "{made:?}");
    let order_id = made.order()["id"].as_i64().unwrap();
    done(&buyer.moves(order_id, "requested", true).await);
    let maker = As(&app, Who { operator: true, ..CREATOR });
    done(&maker.moves(order_id, "accepted", true).await);
    // What is not theirs as a party they do as operators.
    done(&buyer.moves(order_id, "completed", true).await);
    let told: Vec<[&str; 3]> = {
        let events = buyer.events(order_id).await;
        events.iter().map(told).map(|event| event.map(|text| &*text.to_owned().leak())).collect()
    };
    let expected = [
        [BUYER, "requester", "-"],
        [BUYER, "requester", "-"],
        [MAKER, "creator", "-"],
        [BUYER, "operator", "creator"],
    ];
    assert_eq!(told, expected);
    app.finish().await;
}
