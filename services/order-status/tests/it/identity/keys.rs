//! Idempotency keys belong to who is verified: nobody meets another's by choosing the same.

use reqwest::Method;
use serde_json::{Value, json};

use super::callers::{As, CREATOR, Mode, OPERATOR, REQUESTER, STRANGER, Who};
use crate::support::{Answer, BUYER, MAKER};

fn own(who: Who) -> Value {
    json!({"requester_id": who.user_id, "created_by": MAKER})
}

fn id(answer: &Answer) -> i64 {
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.order()["id"].as_i64().unwrap()
}

#[tokio::test]
async fn two_callers_with_one_key_make_two_orders_and_each_repeats_their_own() {
    let app = Mode::Token.app().await;
    let callers = [REQUESTER, CREATOR, STRANGER, OPERATOR];
    let mut ids = Vec::new();
    for who in callers {
        ids.push(id(&As(&app, who).post_with_key(&own(who), Some("key-1")).await));
    }
    let mut distinct = ids.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), callers.len(), "{ids:?}");
    for (who, first) in callers.into_iter().zip(ids) {
        let again = As(&app, who).post_with_key(&own(who), Some("key-1")).await;
        assert_eq!((id(&again), again.header("idempotency-replayed")), (first, Some("true")));
        assert_eq!(again.order()["requester_id"], who.user_id);
    }
    app.finish().await;
}

#[tokio::test]
async fn an_operator_s_key_is_not_the_one_of_whom_they_order_for() {
    let app = Mode::Token.app().await;
    let body = own(REQUESTER);
    let by_operator = id(&As(&app, OPERATOR).post_with_key(&body, Some("key-1")).await);
    let by_requester = id(&As(&app, REQUESTER).post_with_key(&body, Some("key-1")).await);
    assert_ne!(by_operator, by_requester);
    let again = As(&app, OPERATOR).post_with_key(&body, Some("key-1")).await;
    assert_eq!((id(&again), again.header("idempotency-replayed")), (by_operator, Some("true")));
    // Whom an operator orders for is a part of the request, not of the key's owner.
    let other = json!({"requester_id": "somebody-else", "created_by": MAKER});
    let reused = As(&app, OPERATOR).post_with_key(&other, Some("key-1")).await;
    assert_eq!((reused.status, &reused.json()["code"]), (422, &json!("idempotency_key_reused")));
    app.finish().await;
}

#[tokio::test]
async fn a_key_is_the_user_s_however_they_are_verified() {
    let app = Mode::Token.app().await;
    let gateway = app.second(Mode::Gateway.settings()).await;
    let first = id(&As(&app, REQUESTER).post_with_key(&own(REQUESTER), Some("key-1")).await);
    let request = gateway.request(Method::POST, "/orders").header("idempotency-key", "key-1");
    let again =
        Answer::of(Mode::Gateway.sign(Some(REQUESTER), request.body(own(REQUESTER).to_string()))).await;
    assert_eq!((id(&again), again.header("idempotency-replayed")), (first, Some("true")));
    app.finish().await;
}

#[tokio::test]
async fn a_refused_create_leaves_no_key_behind() {
    let app = Mode::Token.app().await;
    let for_another = json!({"requester_id": BUYER, "created_by": MAKER});
    let stranger = As(&app, STRANGER);
    let refused = stranger.post_with_key(&for_another, Some("key-1")).await;
    refused.refused(403, "not_authorized", "Not authorized");
    let made = stranger.post_with_key(&own(STRANGER), Some("key-1")).await;
    assert_eq!((made.status, made.header("idempotency-replayed")), (201, None), "{made:?}");
    app.finish().await;
}
