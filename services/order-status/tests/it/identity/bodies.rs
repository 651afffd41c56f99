//! A body may repeat who is asking, as old callers' bodies do; it may never say otherwise.

use serde_json::{Value, json};

use super::callers::{As, CREATOR, Mode, OPERATOR, REQUESTER, Who};
use crate::support::foreign::seed;
use crate::support::{App, BUYER, MAKER};

async fn app() -> App {
    let app = Mode::Token.app().await;
    seed(&app.database, BUYER, MAKER, &[(1, 0, None)]).await;
    app
}

fn with(mut body: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    body
}

/// What contradicts the requester's token.
fn contradictions() -> [Value; 9] {
    [
        json!({"user_id": "somebody-else"}),
        json!({"username": "somebody-else"}),
        json!({"user_id": BUYER, "username": MAKER}),
        json!({"user_id": "makers-id", "username": MAKER}),
        json!({"user_id": "BUYER-7"}),
        json!({"user_id": "buyers-name"}),
        json!({"username": BUYER}),
        json!({"user_id": OPERATOR.user_id}),
        json!({"user_id": OPERATOR.user_id, "username": OPERATOR.username}),
    ]
}

#[tokio::test]
async fn a_move_whose_body_names_another_is_403_and_changes_nothing() {
    let app = app().await;
    let requester = As(&app, REQUESTER);
    for more in contradictions() {
        let body = with(json!({"state_type": "requested", "new_value": true}), &more);
        requester.put(1, &body).await.refused(403, "not_authorized", "Not authorized");
    }
    // Not even an operator speaks as somebody else.
    for more in [json!({"user_id": BUYER}), json!({"username": MAKER})] {
        let body = with(json!({"state_type": "requested", "new_value": true}), &more);
        As(&app, OPERATOR).put(1, &body).await.refused(403, "not_authorized", "Not authorized");
    }
    assert_eq!(app.events(1).await, 1);
}

#[tokio::test]
async fn a_create_whose_body_names_another_is_403_and_makes_nothing() {
    let app = app().await;
    for more in contradictions() {
        let body = with(json!({"order_id": 77, "requester_id": BUYER, "created_by": MAKER}), &more);
        let answer = As(&app, REQUESTER).post(&body).await;
        answer.refused(403, "not_authorized", "Not authorized");
    }
    assert_eq!(app.events(77).await, 0);
}

#[tokio::test]
async fn a_body_may_repeat_who_is_asking() {
    let app = app().await;
    let requester = As(&app, REQUESTER);
    for (more, new_value) in [
        (json!({"user_id": BUYER}), true),
        (json!({"username": "buyers-name"}), false),
        (json!({"user_id": BUYER, "username": "buyers-name"}), true),
        (json!({"user_id": null, "username": null}), false),
    ] {
        let body = with(json!({"state_type": "requested", "new_value": new_value}), &more);
        assert_eq!(requester.put(1, &body).await.status, 200, "{more}");
    }
    let body =
        json!({"requester_id": BUYER, "created_by": MAKER, "user_id": BUYER, "username": "buyers-name"});
    assert_eq!(requester.post(&body).await.status, 201);
    app.finish().await;
}

#[tokio::test]
async fn a_token_without_a_username_makes_no_creator_whatever_the_body_says() {
    let app = app().await;
    assert_eq!(As(&app, REQUESTER).moves(1, "requested", true).await.status, 200);
    let nameless = Who { username: None, ..CREATOR };
    let accept = json!({"state_type": "accepted", "new_value": true});
    let hidden = As(&app, nameless).put(1, &accept).await;
    hidden.refused(404, "order_not_found", "Order not found");
    let body = with(accept, &json!({"username": MAKER}));
    As(&app, nameless).put(1, &body).await.refused(403, "not_authorized", "Not authorized");
    // As a requester it is as good as any.
    let buyer = Who { username: None, ..REQUESTER };
    assert_eq!(As(&app, buyer).moves(1, "requested", false).await.status, 200);
    app.finish().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_body_is_told_before_whom_it_names() {
    let app = app().await;
    let body = json!({"state_type": "requested", "new_value": "yes", "user_id": "somebody-else"});
    let answer = As(&app, REQUESTER).put(1, &body).await;
    answer.wrong_field("new_value", "must be true or false");
    let body = json!({"state_type": "requested", "new_value": true, "user_id": 7});
    assert_eq!(As(&app, REQUESTER).put(1, &body).await.status, 422);
}
