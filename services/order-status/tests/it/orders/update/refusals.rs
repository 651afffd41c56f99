//! What `PUT /orders/{order_id}/update` refuses: with which status, which code and which sentence.

use reqwest::Method;
use serde_json::json;

use crate::orders::{NO_ID, NO_IDS};
use crate::support::{Answer, App, BUYER, MAKER};

/// A move with `field` as it stands here, all else being right. There need be no order for what is wrong with a body.
async fn update(app: &App, field: &str, value: &str) -> Answer {
    let mut fields =
        vec![("state_type", r#""requested""#), ("new_value", "true"), ("user_id", r#""buyer-7""#)];
    fields.retain(|&(name, _)| name != field);
    fields.push((field, value));
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    app.send(Method::PUT, "/orders/999/update", format!("{{{}}}", fields.join(","))).await
}

async fn refuses_each(app: &App, field: &str, values: &[&str], message: &str) {
    for value in values {
        update(app, field, value).await.wrong_field(field, message);
    }
}

#[tokio::test]
async fn no_body_no_json_no_object_another_media_type_and_too_much_are_told_apart() {
    let app = App::start().await;
    let path = "/orders/999/update";
    let none = Answer::of(app.request(Method::PUT, path)).await;
    none.refused(400, "malformed_body", "The body is empty; send a JSON object");
    let text = app.send(Method::PUT, path, "requested=true").await;
    assert_eq!((text.status, &text.json()["code"]), (400, &json!("malformed_body")));
    let array = app.send(Method::PUT, path, "[true]").await;
    array.refused(422, "invalid_fields", "The body must be a JSON object");
    let form = app.request(Method::PUT, path).header("content-type", "text/plain").body("{}");
    Answer::of(form).await.refused(415, "unsupported_media_type", "Send the body as application/json");
    let large = app.send(Method::PUT, path, format!("\"{}\"", "x".repeat(70_000))).await;
    large.refused(413, "body_too_large", "The body must have at most 65536 bytes");
}

#[tokio::test]
async fn a_value_is_true_or_false_and_nothing_like_it() {
    let app = App::start().await;
    let values = [r#""yes""#, r#""true""#, "1", "0", r#"" 7 ""#, "[]", "{}", "1.0"];
    refuses_each(&app, "new_value", &values, "must be true or false").await;
    refuses_each(&app, "new_value", &["null"], "is required").await;
}

#[tokio::test]
async fn an_unknown_state_type_is_named_as_such() {
    let app = App::start().await;
    for value in
        [r#""shipped""#, r#""created""#, r#""Requested""#, r#""""#, r#"" requested""#, r#""requested\u0000""#]
    {
        let answer = update(&app, "state_type", value).await;
        assert_eq!(answer.status, 422, "{answer:?}");
        assert_eq!(answer.json()["errors"][0]["field"], "state_type", "{answer:?}");
    }
    refuses_each(&app, "state_type", &["7", "true", "[\"paid\"]"], "must be a text").await;
    refuses_each(&app, "state_type", &["null"], "is required").await;
}

#[tokio::test]
async fn the_kept_sentence_for_an_unknown_state_type_is_kept() {
    let app = App::start().await;
    let problem = update(&app, "state_type", r#""shipped""#).await;
    problem.refused(422, "invalid_fields", "Invalid state_type");
}

#[tokio::test]
async fn a_reason_is_a_text_of_at_most_500_characters() {
    let app = App::start().await;
    refuses_each(&app, "reason", &["7", "[]"], "must be a text").await;
    refuses_each(&app, "reason", &[r#""""#, r#""  \n""#], "must not be empty").await;
    refuses_each(&app, "reason", &[r#""a\u0000""#, r#""\u001b[2J""#], "must not contain control characters")
        .await;
    let long = format!("\"{}\"", "ß".repeat(501));
    refuses_each(&app, "reason", &[&long], "must have at most 500 characters").await;
}

#[tokio::test]
async fn every_wrong_field_is_named_at_once() {
    let app = App::start().await;
    let body = json!({"state_type": 7, "new_value": "yes", "reason": "", "user_id": 7, "username": " "});
    let answer = app.send(Method::PUT, "/orders/999/update", body.to_string()).await;
    let problem = answer.refused(422, "invalid_fields", "5 fields are wrong; errors lists each");
    let mut named: Vec<&str> =
        problem["errors"].as_array().unwrap().iter().filter_map(|error| error["field"].as_str()).collect();
    named.sort_unstable();
    assert_eq!(named, ["new_value", "reason", "state_type", "user_id", "username"]);
}

#[tokio::test]
async fn what_is_no_id_is_422() {
    let app = App::start().await;
    let body = json!({"state_type": "requested", "new_value": true, "user_id": BUYER}).to_string();
    for id in NO_IDS {
        let answer = app.send(Method::PUT, &format!("/orders/{id}/update"), body.clone()).await;
        answer.wrong_field("order_id", NO_ID);
    }
}

#[tokio::test]
async fn an_order_that_is_not_there_is_404_for_anybody() {
    let app = App::start().await;
    for body in [
        json!({"state_type": "requested", "new_value": true, "user_id": BUYER}),
        json!({"state_type": "paid", "new_value": false}),
    ] {
        app.put(999, &body).await.refused(404, "order_not_found", "Order not found");
    }
}

#[tokio::test]
async fn strangers_nobody_the_wrong_party_and_swapped_names_are_403() {
    let app = App::start().await;
    let order_id = app.order().await;
    for who in [
        json!({"user_id": "stranger", "username": "stranger"}),
        json!({}),
        json!({"username": MAKER}),
        json!({"user_id": MAKER, "username": BUYER}),
        json!({"user_id": "BUYER-7"}),
        json!({"user_id": "buyer-7\u{301}"}),
    ] {
        let mut body = json!({"state_type": "requested", "new_value": true});
        body.as_object_mut().unwrap().extend(who.as_object().unwrap().clone());
        app.put(order_id, &body).await.refused(403, "not_authorized", "Not authorized");
    }
    assert_eq!(app.events(order_id).await, 1);
    app.finish().await;
}

#[tokio::test]
async fn moves_out_of_order_are_409_with_the_version_that_the_order_has() {
    let app = App::start().await;
    let order_id = app.order_at("requested").await;
    let early = app.maker(order_id, "completed", true).await;
    let problem = early.refused(409, "earlier_stage_missing", "Cannot set completed before accepted");
    assert_eq!(problem["current_version"], 2);
    assert_eq!(app.maker(order_id, "accepted", true).await.status, 200);
    let late = app.buyer(order_id, "requested", false).await;
    let problem = late.refused(409, "later_stages", "Cannot modify requested after later stages");
    assert_eq!(problem["current_version"], 3);
    assert_eq!(app.events(order_id).await, 3);
    app.finish().await;
}

#[tokio::test]
async fn the_buyer_cannot_take_a_payment_back() {
    let app = App::start().await;
    let order_id = app.order_at("paid").await;
    let body = json!({"state_type": "paid", "new_value": false, "reason": "please", "user_id": BUYER});
    app.put(order_id, &body).await.refused(403, "not_authorized", "Not authorized");
    app.finish().await;
}
