//! `PUT /orders/{order_id}/update`: one move. The whole table is walked in `matrix`; here is what an answer looks like.

mod conditions;
mod refusals;

use reqwest::Method;
use serde_json::{Value, json};

use super::{is_utc, keys};
use crate::support::{App, BUYER, MAKER};

#[tokio::test]
async fn an_order_climbs_from_created_to_paid() {
    let app = App::start().await;
    let before = app
        .post(
            &json!({"requester_id": BUYER, "created_by": MAKER, "cost_final": 5, "custom_params": {"a": 1}}),
        )
        .await
        .order();
    let order_id = before["id"].as_i64().unwrap();
    let steps = [("requested", true), ("accepted", false), ("completed", false), ("paid", true)];
    for (index, (step, by_buyer)) in steps.into_iter().enumerate() {
        let answer = if by_buyer {
            app.buyer(order_id, step, true).await
        } else {
            app.maker(order_id, step, true).await
        };
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("etag"), Some(format!("\"{}\"", index + 2).as_str()));
        assert_eq!(keys(&answer.json()), ["message", "order"]);
        assert_eq!(answer.json()["message"], format!("State {step} updated"));
        let order = answer.order();
        assert!(is_utc(&order["updated_at"]), "{order}");
        assert!(order["updated_at"].as_str() > order["created_at"].as_str(), "{order}");
        let mut expected = before.clone();
        expected["status"] = json!(step);
        expected["version"] = json!(index + 2);
        expected["updated_at"] = order["updated_at"].clone();
        for (rung, (flag, _)) in steps.iter().enumerate() {
            expected[flag] = json!(rung <= index);
        }
        assert_eq!(order, expected);
    }
    assert_eq!(app.events(order_id).await, 5);
    app.finish().await;
}

#[tokio::test]
async fn both_spellings_move() {
    let app = App::start().await;
    for end in ["update", "update/"] {
        let order_id = app.order().await;
        let body = json!({"state_type": "requested", "new_value": true, "user_id": BUYER}).to_string();
        let answer = app.send(Method::PUT, &format!("/orders/{order_id}/{end}"), body).await;
        assert_eq!(answer.order()["version"], 2, "{end}");
    }
    app.finish().await;
}

#[tokio::test]
async fn repeating_a_value_changes_nothing_and_is_200() {
    let app = App::start().await;
    let order_id = app.order_at("paid").await;
    let before = app.get(&format!("/orders/{order_id}")).await.json();
    for (step, by_buyer) in [("requested", true), ("accepted", false), ("completed", false), ("paid", true)] {
        let answer = if by_buyer {
            app.buyer(order_id, step, true).await
        } else {
            app.maker(order_id, step, true).await
        };
        assert_eq!(answer.json()["message"], format!("State {step} updated"));
        assert_eq!(answer.header("etag"), Some("\"5\""));
        assert_eq!(answer.order(), before, "{step}");
    }
    assert_eq!(app.events(order_id).await, 5);
    app.finish().await;
}

#[tokio::test]
async fn each_rung_below_payment_can_be_stepped_back() {
    let app = App::start().await;
    let order_id = app.order_at("completed").await;
    let downwards = [("completed", "accepted"), ("accepted", "requested")];
    for (step, below) in downwards {
        assert_eq!(app.maker(order_id, step, false).await.order()["status"], below);
    }
    let order = app.buyer(order_id, "requested", false).await.order();
    assert_eq!((&order["status"], &order["version"]), (&json!("created"), &json!(7)));
    assert_eq!(app.events(order_id).await, 7);
    app.finish().await;
}

#[tokio::test]
async fn the_reason_of_an_alert_is_kept_until_it_is_cleared_and_the_first_one_stays() {
    let app = App::start().await;
    let order_id = app.order().await;
    let longest = "ß\n\t".repeat(166) + "äö";
    assert_eq!(longest.chars().count(), 500);
    let raise = |reason: Value| json!({"state_type": "alert", "new_value": true, "reason": reason, "username": MAKER});
    let raised = app.put(order_id, &raise(json!(longest))).await.order();
    assert_eq!((&raised["alert"], &raised["alert_reason"]), (&json!(true), &json!(longest)));
    let again = app.put(order_id, &raise(json!("another"))).await.order();
    assert_eq!(again, raised, "raising again keeps the first reason and the version");
    let cleared = app.maker(order_id, "alert", false).await.order();
    assert_eq!((&cleared["alert"], &cleared["alert_reason"]), (&json!(false), &Value::Null));
    let bare = app.put(order_id, &raise(Value::Null)).await.order();
    assert_eq!((&bare["alert"], &bare["alert_reason"]), (&json!(true), &Value::Null));
    app.finish().await;
}

#[tokio::test]
async fn an_alert_holds_payment_back_and_nothing_else() {
    let app = App::start().await;
    let order_id = app.order().await;
    assert_eq!(app.maker(order_id, "alert", true).await.status, 200);
    assert_eq!(app.buyer(order_id, "requested", true).await.status, 200);
    assert_eq!(app.maker(order_id, "accepted", true).await.status, 200);
    assert_eq!(app.maker(order_id, "completed", true).await.status, 200);
    let refused = app.buyer(order_id, "paid", true).await;
    let problem = refused.refused(409, "alert_raised", "Cannot set paid while an alert is raised");
    assert_eq!(problem["current_version"], 5);
    assert_eq!(app.maker(order_id, "alert", false).await.status, 200);
    assert_eq!(app.buyer(order_id, "paid", true).await.order()["status"], "paid");
    app.finish().await;
}

#[tokio::test]
async fn one_person_may_be_both_parties() {
    let app = App::start().await;
    let created = app.post(&json!({"requester_id": "ada", "created_by": "ada"})).await.order();
    let order_id = created["id"].as_i64().unwrap();
    for step in ["requested", "accepted", "completed", "paid"] {
        let body = json!({"state_type": step, "new_value": true, "user_id": "ada", "username": "ada"});
        assert_eq!(app.put(order_id, &body).await.order()["status"], step);
    }
    app.finish().await;
}
