//! `GET /orders/{order_id}/status`: where an order stands, and which moves are open from there.

use reqwest::Method;
use serde_json::{Value, json};

use super::{NO_ID, NO_IDS, is_utc, keys};
use crate::support::{Answer, App, BUYER};

#[tokio::test]
async fn a_new_order_has_every_key_and_its_open_moves() {
    let app = App::start().await;
    let order_id = app.order().await;
    for path in [format!("/orders/{order_id}/status"), format!("/orders/{order_id}/status/")] {
        let answer = app.get(&path).await;
        assert_eq!((answer.status, answer.header("etag")), (200, Some("\"1\"")), "{path}");
        let status = answer.json();
        assert!(is_utc(&status["updated_at"]), "{status}");
        let expected = json!({
            "order_id": order_id, "requested": false, "accepted": false, "completed": false, "paid": false,
            "alert": false, "status": "created", "version": 1, "alert_reason": null,
            "updated_at": status["updated_at"],
            "next": [
                {"state_type": "requested", "new_value": true, "by": ["requester", "operator"]},
                {"state_type": "alert", "new_value": true, "by": ["requester", "creator", "operator"]},
            ],
        });
        assert_eq!(status, expected, "{path}");
    }
    app.finish().await;
}

/// The open moves of an order, as `state_type=new_value:roles`.
fn next(status: &Value) -> Vec<String> {
    let moves = status["next"].as_array().expect("a list");
    moves
        .iter()
        .map(|open| {
            assert_eq!(keys(open), ["by", "new_value", "state_type"]);
            let by: Vec<&str> = open["by"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
            format!("{}={}:{}", open["state_type"].as_str().unwrap(), open["new_value"], by.join("+"))
        })
        .collect()
}

#[tokio::test]
async fn the_open_moves_follow_the_ladder() {
    let app = App::start().await;
    let anybody = "alert=true:requester+creator+operator";
    let stages: [(&str, &[&str]); 5] = [
        ("created", &["requested=true:requester+operator"]),
        ("requested", &["requested=false:requester+operator", "accepted=true:creator+operator"]),
        ("accepted", &["accepted=false:creator+operator", "completed=true:creator+operator"]),
        ("completed", &["completed=false:creator+operator", "paid=true:requester+operator"]),
        ("paid", &["paid=false:operator"]),
    ];
    for (index, (stage, moves)) in stages.into_iter().enumerate() {
        let order_id = app.order_at(stage).await;
        let status = app.status(order_id).await.json();
        assert_eq!(status["status"], stage);
        for (rung, flag) in ["requested", "accepted", "completed", "paid"].iter().enumerate() {
            assert_eq!(status[flag], json!(rung < index), "{flag} at {stage}");
        }
        assert_eq!(next(&status), [moves, &[anybody]].concat(), "{stage}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_raised_alert_closes_payment_and_is_its_raiser_s_to_clear() {
    let app = App::start().await;
    let order_id = app.order_at("completed").await;
    let body = json!({"state_type": "alert", "new_value": true, "reason": "scratched", "user_id": BUYER});
    assert_eq!(app.put(order_id, &body).await.status, 200);
    let status = app.status(order_id).await.json();
    assert_eq!((&status["alert"], &status["alert_reason"]), (&json!(true), &json!("scratched")));
    assert_eq!(next(&status), ["completed=false:creator+operator", "alert=false:requester+operator"]);
    app.finish().await;
}

#[tokio::test]
async fn a_caller_who_has_it_already_gets_304_and_no_body() {
    let app = App::start().await;
    let order_id = app.order_at("requested").await;
    for path in [format!("/orders/{order_id}/status"), format!("/orders/{order_id}")] {
        let ask =
            |tag: &'static str| Answer::of(app.request(Method::GET, &path).header("if-none-match", tag));
        for known in ["\"2\"", "W/\"2\"", "\"1\", \"2\"", "\"1\",, \"2\",", "*"] {
            let answer = ask(known).await;
            assert_eq!((answer.status, answer.text.as_str()), (304, ""), "{path} {known}: {answer:?}");
            assert_eq!(answer.header("etag"), Some("\"2\""), "{path} {known}");
        }
        for other in ["\"1\"", "\"3\"", "\"1.2\"", "\"02\"", "2", "junk", "\"2"] {
            let answer = ask(other).await;
            assert_eq!(
                (answer.status, &answer.json()["version"]),
                (200, &json!(2)),
                "{path} {other}: {answer:?}"
            );
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn an_order_that_is_not_there_is_404_and_what_is_no_id_is_422() {
    let app = App::start().await;
    app.status(1).await.refused(404, "order_not_found", "Order not found");
    let conditional = app.request(Method::GET, "/orders/1/status").header("if-none-match", "*");
    Answer::of(conditional).await.refused(404, "order_not_found", "Order not found");
    for id in NO_IDS {
        app.get(&format!("/orders/{id}/status")).await.wrong_field("order_id", NO_ID);
    }
}
