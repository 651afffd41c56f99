//! `POST /orders`: what a created order looks like, and whose id it gets.

mod idempotency;
mod lost_answers;
mod params;
mod refusals;

use reqwest::Method;
use serde_json::json;

use super::{is_utc, keys};
use crate::support::{Answer, App, BUYER, MAKER};

const ORDER_KEYS: [&str; 18] = [
    "accepted",
    "alert",
    "alert_reason",
    "completed",
    "cost_final",
    "cost_initial",
    "created_at",
    "created_by",
    "custom_params",
    "id",
    "model_id",
    "order_id",
    "paid",
    "requested",
    "requester_id",
    "status",
    "updated_at",
    "version",
];

#[tokio::test]
async fn a_full_order_is_answered_with_every_key_and_its_numbers_exact() {
    let app = App::start().await;
    let answer = app
        .post(&json!({
            "order_id": 70, "requester_id": BUYER, "created_by": MAKER, "model_id": "0123456789abcdefABCDEF01",
            "custom_params": {"colour": "red", "sizes": [1, 2.5], "deep": {"none": null}},
            "cost_initial": 12.5, "cost_final": 9_999_999_999.99,
        }))
        .await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.header("location"), Some("/orders/70"));
    assert_eq!(answer.header("etag"), Some("\"1\""));
    assert_eq!(keys(&answer.json()), ["message", "order"]);
    assert_eq!(answer.json()["message"], "Order created successfully");

    let order = answer.order();
    assert_eq!(keys(&order), ORDER_KEYS);
    let created_at = &order["created_at"];
    assert!(is_utc(created_at), "{created_at}");
    let expected = json!({
        "id": 70, "order_id": 70, "requester_id": BUYER, "created_by": MAKER,
        "requested": false, "accepted": false, "completed": false, "paid": false, "alert": false,
        "status": "created", "version": 1, "alert_reason": null, "model_id": "0123456789abcdefABCDEF01",
        "custom_params": {"colour": "red", "sizes": [1, 2.5], "deep": {"none": null}},
        "cost_initial": 12.5, "cost_final": 9_999_999_999.99,
        "created_at": created_at, "updated_at": created_at,
    });
    assert_eq!(order, expected);
    assert!(answer.text.contains("\"cost_final\":9999999999.99"), "{answer:?}");
    assert_eq!(app.get("/orders/70").await.json(), order, "the same order is read again");
    app.finish().await;
}

#[tokio::test]
async fn what_is_absent_or_null_is_null_and_the_parameters_an_empty_object() {
    let app = App::start().await;
    let bare = app.post(&json!({"requester_id": BUYER, "created_by": MAKER})).await;
    let nulls = app
        .post(&json!({
            "order_id": null, "requester_id": BUYER, "created_by": MAKER, "model_id": null, "custom_params": null,
            "cost_initial": null, "cost_final": null, "user_id": null, "username": null,
        }))
        .await;
    for order in [bare.order(), nulls.order()] {
        assert_eq!(keys(&order), ORDER_KEYS);
        for key in ["model_id", "cost_initial", "cost_final", "alert_reason"] {
            assert!(order[key].is_null(), "{key}: {order}");
        }
        assert_eq!(order["custom_params"], json!({}));
        assert_eq!(order["id"], order["order_id"]);
        assert!(order["id"].is_i64(), "{order}");
    }
    app.finish().await;
}

#[tokio::test]
async fn both_spellings_of_the_path_create() {
    let app = App::start().await;
    for (path, order_id) in [("/orders", 5), ("/orders/", 6)] {
        let body = json!({"order_id": order_id, "requester_id": BUYER, "created_by": MAKER});
        let answer = app.send(Method::POST, path, body.to_string()).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        assert_eq!(answer.header("location"), Some(format!("/orders/{order_id}").as_str()));
    }
    app.finish().await;
}

#[tokio::test]
async fn an_id_is_taken_by_its_value_however_it_is_spelt() {
    let app = App::start().await;
    for (given, order_id) in [("5.0", 5_i64), ("1e3", 1000), ("9007199254740991.0", 9_007_199_254_740_991)] {
        let body = format!(r#"{{"order_id":{given},"requester_id":"{BUYER}","created_by":"{MAKER}"}}"#);
        assert_eq!(app.send(Method::POST, "/orders", body).await.order()["id"], order_id, "{given}");
    }
    app.finish().await;
}

#[tokio::test]
async fn flags_and_unknown_keys_in_the_body_are_ignored() {
    let app = App::start().await;
    let answer = app
        .post(&json!({
            "requester_id": BUYER, "created_by": MAKER, "requested": true, "accepted": "yes", "completed": 1,
            "paid": true, "alert": true, "status": "paid", "version": 9, "colour": "red",
        }))
        .await;
    let order = answer.order();
    for flag in ["requested", "accepted", "completed", "paid", "alert"] {
        assert_eq!(order[flag], false, "{flag}");
    }
    assert_eq!((&order["status"], &order["version"]), (&json!("created"), &json!(1)));
    app.finish().await;
}

#[tokio::test]
async fn costs_keep_their_two_decimals_and_lose_the_noise_of_binary_fractions() {
    let app = App::start().await;
    let cases = [
        ("0", 0.0),
        ("-0.0", 0.0),
        ("0.01", 0.01),
        ("0.30000000000000004", 0.3),
        ("19.99", 19.99),
        ("1e3", 1000.0),
        ("9999999999.99", 9_999_999_999.99),
    ];
    for (given, kept) in cases {
        let body = format!(r#"{{"requester_id":"{BUYER}","created_by":"{MAKER}","cost_final":{given}}}"#);
        let order = app.send(Method::POST, "/orders", body).await.order();
        assert_eq!(order["cost_final"], json!(kept), "{given}");
        let again = app.get(&format!("/orders/{}", order["id"])).await.json();
        assert_eq!(again["cost_final"], json!(kept), "{given}, read again");
    }
    app.finish().await;
}

#[tokio::test]
async fn identities_are_kept_exactly_as_they_were_given() {
    let app = App::start().await;
    let longest = "ß".repeat(255);
    for name in ["7", "Ümläut of the House", "a/b?c#d%2F", "😀", "<b>'\"\\", &longest] {
        let order =
            app.post(&json!({"requester_id": name, "created_by": name, "user_id": name})).await.order();
        assert_eq!((&order["requester_id"], &order["created_by"]), (&json!(name), &json!(name)));
    }
    app.finish().await;
}

#[tokio::test]
async fn ids_that_callers_took_ahead_of_the_sequence_are_skipped() {
    let app = App::start().await;
    for order_id in 1..=40 {
        let answer =
            app.post(&json!({"order_id": order_id, "requester_id": BUYER, "created_by": MAKER})).await;
        assert_eq!(answer.status, 201, "{answer:?}");
    }
    let mut before = 40;
    for _ in 0..3 {
        let order_id = app.order().await;
        assert!(order_id > before, "{order_id} after {before}");
        before = order_id;
    }
    app.finish().await;
}

#[tokio::test]
async fn the_largest_id_can_be_taken_and_ends_nothing() {
    let app = App::start().await;
    let largest = 9_007_199_254_740_991_i64;
    let answer = app.post(&json!({"order_id": largest, "requester_id": BUYER, "created_by": MAKER})).await;
    assert_eq!(answer.order()["order_id"], largest);
    assert_eq!(app.get(&format!("/orders/{largest}")).await.json()["id"], largest);
    assert!(app.order().await < largest);
    app.finish().await;
}

#[tokio::test]
async fn a_body_may_come_without_a_media_type_or_with_one_of_json_s_kin() {
    let app = App::start().await;
    let body = json!({"requester_id": BUYER, "created_by": MAKER}).to_string();
    let bare = app.request(Method::POST, "/orders").body(body.clone());
    assert_eq!(Answer::of(bare).await.status, 201);
    for media_type in ["application/json; charset=utf-8", "Application/JSON", "application/merge-patch+json"]
    {
        let request =
            app.request(Method::POST, "/orders").header("content-type", media_type).body(body.clone());
        assert_eq!(Answer::of(request).await.status, 201, "{media_type}");
    }
    app.finish().await;
}

#[tokio::test]
async fn whoever_says_who_they_are_may_order_for_themself_only() {
    let app = App::start().await;
    let body = |user_id: &str| json!({"requester_id": BUYER, "created_by": MAKER, "user_id": user_id});
    app.post(&body("somebody-else")).await.refused(403, "not_authorized", "Not authorized");
    assert_eq!(app.post(&body(BUYER)).await.status, 201);
    app.finish().await;
}
