//! `Idempotency-Key`: a create that is sent again makes no second order.

use std::collections::HashSet;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::foreign::Lock;
use crate::support::{Answer, App, BUYER, MAKER};

async fn create(app: &App, key: &str, body: &Value) -> Answer {
    Answer::of(app.request(Method::POST, "/orders").header("idempotency-key", key).body(body.to_string()))
        .await
}

fn body() -> Value {
    json!({"requester_id": BUYER, "created_by": MAKER, "cost_final": 12.5, "custom_params": {"a": 1, "b": [2.5]}})
}

/// What a repeat must have in common with the first answer.
fn told(answer: &Answer) -> (u16, &str, Option<&str>, Option<&str>) {
    (answer.status, &answer.text, answer.header("etag"), answer.header("location"))
}

#[tokio::test]
async fn a_repeat_gets_the_first_answer_again_and_says_so() {
    let app = App::start().await;
    let first = create(&app, "key-1", &body()).await;
    assert_eq!((first.status, first.header("idempotency-replayed")), (201, None));
    let order_id = first.order()["id"].as_i64().unwrap();
    assert_eq!(app.buyer(order_id, "requested", true).await.status, 200);
    let spelt_otherwise = json!({
        "custom_params": "{ \"b\" : [2.50], \"a\": 1 }", "created_by": MAKER, "cost_final": 12.50,
        "requester_id": BUYER, "order_id": null, "paid": true,
    });
    for again in [body(), spelt_otherwise] {
        let repeat = create(&app, "key-1", &again).await;
        assert_eq!(told(&repeat), told(&first));
        assert_eq!(repeat.header("idempotency-replayed"), Some("true"));
    }
    assert_eq!(app.events(order_id).await, 2);
    app.finish().await;
}

#[tokio::test]
async fn fifty_at_once_make_one_order_and_all_are_told_of_it() {
    let app = App::start().await;
    let answers = join_all((0..50).map(|_| {
        let app = &app;
        async move { create(app, "key-1", &body()).await }
    }))
    .await;
    let ids: HashSet<i64> = answers.iter().map(|answer| answer.order()["id"].as_i64().unwrap()).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    let first = answers.iter().filter(|answer| answer.header("idempotency-replayed").is_none()).count();
    assert_eq!(first, 1);
    for answer in &answers {
        assert_eq!(told(answer), told(&answers[0]));
    }
    app.finish().await;
}

#[tokio::test]
async fn the_key_of_another_request_is_422() {
    let app = App::start().await;
    assert_eq!(create(&app, "key-1", &body()).await.status, 201);
    for (field, value) in
        [("cost_final", json!(13)), ("created_by", json!("another")), ("order_id", json!(77))]
    {
        let mut other = body();
        other[field] = value;
        let answer = create(&app, "key-1", &other).await;
        let detail = "This Idempotency-Key was used for another request; use a new key for a new order";
        answer.refused(422, "idempotency_key_reused", detail);
    }
    app.get("/orders/77").await.refused(404, "order_not_found", "Order not found");
    app.finish().await;
}

#[tokio::test]
async fn a_key_is_its_caller_s_own() {
    let app = App::start().await;
    let one = create(&app, "key-1", &body()).await.order();
    let mut other = body();
    other["requester_id"] = json!("another-buyer");
    let other = create(&app, "key-1", &other).await;
    assert_eq!((other.status, other.header("idempotency-replayed")), (201, None));
    assert_ne!(other.order()["id"], one["id"]);
    app.finish().await;
}

#[tokio::test]
async fn a_refusal_uses_no_key_up() {
    let app = App::start().await;
    let mut taken = body();
    taken["order_id"] = json!(7);
    assert_eq!(app.post(&taken).await.status, 201);
    for _ in 0..2 {
        let answer = create(&app, "key-1", &taken).await;
        answer.refused(409, "order_exists", "The order ID already exists");
    }
    let mut wrong = body();
    wrong["cost_final"] = json!(-1);
    assert_eq!(create(&app, "key-1", &wrong).await.status, 422);
    let answer = create(&app, "key-1", &body()).await;
    assert_eq!((answer.status, answer.header("idempotency-replayed")), (201, None));
    app.finish().await;
}

#[tokio::test]
async fn whoever_waits_for_a_key_that_is_held_is_told_that_it_is_contended_and_no_connection_is_lost() {
    let app = App::start_with(&[("ATELIER_DATABASE__ITEM_DEADLINE_MS", "500")]).await;
    let lock = Lock::key(&app.database, BUYER, "key-1").await;
    for _ in 0..5 {
        let answer = create(&app, "key-1", &body()).await;
        answer.refused(
            503,
            "contended",
            "Others keep changing or holding this; nothing was changed, try again shortly",
        );
        assert_eq!(create(&app, "key-2", &body()).await.status, 201);
    }
    assert_eq!(
        app.series("db_reconnects_total").await,
        [],
        "connections were given up for somebody else's lock"
    );
    lock.release().await;
    let answer = create(&app, "key-1", &body()).await;
    assert_eq!((answer.status, answer.header("idempotency-replayed")), (201, None));
    app.finish().await;
}

#[tokio::test]
async fn a_key_is_1_to_255_visible_characters_given_once() {
    let app = App::start().await;
    let longest = "k".repeat(255);
    assert_eq!(create(&app, &longest, &body()).await.status, 201);
    let too_long = "k".repeat(256);
    let detail = "Idempotency-Key must be one key of 1 to 255 visible ASCII characters";
    for key in ["", "a b", "ü", "a\tb", &too_long] {
        create(&app, key, &body()).await.refused(400, "malformed_header", detail);
    }
    let twice =
        app.request(Method::POST, "/orders").header("idempotency-key", "a").header("idempotency-key", "a");
    Answer::of(twice.body(body().to_string())).await.refused(400, "malformed_header", detail);
    app.finish().await;
}
