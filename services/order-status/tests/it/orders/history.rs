//! `GET /orders/{order_id}/history`: every event of an order, oldest first, a page at a time.

use serde_json::{Value, json};

use super::{NO_ID, NO_IDS, is_utc, keys};
use crate::support::{App, BUYER, MAKER};

#[tokio::test]
async fn each_event_has_every_key_and_follows_from_the_one_before() {
    let app = App::start().await;
    let order_id = app.order_at("accepted").await;
    let alert = json!({"state_type": "alert", "new_value": true, "reason": "late", "username": MAKER});
    assert_eq!(app.put(order_id, &alert).await.status, 200);
    assert_eq!(app.maker(order_id, "accepted", false).await.status, 200);
    for path in [format!("/orders/{order_id}/history"), format!("/orders/{order_id}/history/")] {
        let page = app.get(&path).await.json();
        assert_eq!(keys(&page), ["events", "next"]);
        assert_eq!(page["next"], Value::Null);
        let events = page["events"].as_array().unwrap();
        let row = |index: usize,
                   state_type: &str,
                   value: bool,
                   from: Value,
                   to: &str,
                   actor: &str,
                   role: &str| {
            json!({
                "version": index + 1, "at": events[index]["at"], "state_type": state_type, "new_value": value,
                "from_status": from, "to_status": to, "actor": actor, "role": role, "on_behalf_of": null,
                "reason": if state_type == "alert" { json!("late") } else { Value::Null },
            })
        };
        let expected = vec![
            row(0, "created", true, Value::Null, "created", BUYER, "requester"),
            row(1, "requested", true, json!("created"), "requested", BUYER, "requester"),
            row(2, "accepted", true, json!("requested"), "accepted", MAKER, "creator"),
            row(3, "alert", true, json!("accepted"), "accepted", MAKER, "creator"),
            row(4, "accepted", false, json!("accepted"), "requested", MAKER, "creator"),
        ];
        assert_eq!(events, &expected);
        assert!(events.iter().all(|event| is_utc(&event["at"])), "{page}");
    }
    app.finish().await;
}

#[tokio::test]
async fn pages_of_any_size_show_each_event_once() {
    let app = App::start().await;
    let order_id = app.order_at("paid").await;
    for limit in [1, 2, 3, 5, 200] {
        let (mut versions, mut after) = (Vec::new(), String::new());
        loop {
            let page = app.get(&format!("/orders/{order_id}/history?limit={limit}{after}")).await.json();
            let events = page["events"].as_array().unwrap();
            assert!(!events.is_empty() && events.len() <= limit, "{page}");
            versions.extend(events.iter().map(|event| event["version"].as_i64().unwrap()));
            let Some(next) = page["next"].as_str() else { break };
            after = format!("&after={next}");
        }
        assert_eq!(versions, [1, 2, 3, 4, 5], "limit {limit}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_cursor_that_is_malformed_or_of_another_order_is_400() {
    let app = App::start().await;
    let (order_id, other) = (app.order_at("paid").await, app.order_at("paid").await);
    let page = app.get(&format!("/orders/{other}/history?limit=1")).await.json();
    let foreign = page["next"].as_str().expect("another page");
    for cursor in ["", "junk", "%00", foreign, &foreign[1..]] {
        let answer = app.get(&format!("/orders/{order_id}/history?after={cursor}")).await;
        let detail = "This cursor does not belong to this list; begin again without after";
        answer.refused(400, "bad_cursor", detail);
    }
    app.finish().await;
}

#[tokio::test]
async fn wrong_parameters_missing_orders_and_what_is_no_id_are_told_apart() {
    let app = App::start().await;
    let order_id = app.order().await;
    for limit in ["0", "201", "-1", "+5", "1.0", "ten", "", "99999999999999999999"] {
        let answer = app.get(&format!("/orders/{order_id}/history?limit={limit}")).await;
        answer.wrong_field("limit", "must be a whole number from 1 to 200");
    }
    let twice = app.get(&format!("/orders/{order_id}/history?limit=1&limit=2")).await;
    twice.wrong_field("limit", "must be given once");
    let unknown = app.get(&format!("/orders/{order_id}/history?page=2")).await;
    assert_eq!((unknown.status, &unknown.json()["errors"][0]["field"]), (422, &json!("page")));
    app.get("/orders/999/history").await.refused(404, "order_not_found", "Order not found");
    for id in NO_IDS {
        app.get(&format!("/orders/{id}/history")).await.wrong_field("order_id", NO_ID);
    }
    app.finish().await;
}
