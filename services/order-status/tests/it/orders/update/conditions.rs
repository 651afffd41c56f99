//! `If-Match`: a move that is made only where the order is as its caller last saw it.

use reqwest::Method;
use serde_json::json;
use sqlx::Executor;
use testkit::{Role, wait};

use crate::support::{Answer, App, BUYER, MAKER, PATIENCE};

/// A move by the buyer (or, for the maker's flags, the maker) under `If-Match`, one header line each.
async fn conditional(app: &App, order_id: i64, tags: &[&str], state_type: &str, new_value: bool) -> Answer {
    let body = json!({"state_type": state_type, "new_value": new_value, "user_id": BUYER, "username": MAKER});
    let request = app.request(Method::PUT, &format!("/orders/{order_id}/update")).body(body.to_string());
    Answer::of(tags.iter().fold(request, |request, tag| request.header("if-match", *tag))).await
}

#[tokio::test]
async fn the_right_version_alone_in_a_list_weak_or_as_a_star_is_accepted() {
    let app = App::start().await;
    let spellings: [&[&str]; 7] = [
        &["\"1\""],
        &["\"7\", \"1\""],
        &["\"7\",\"1\",\"8\""],
        &["W/\"1\""],
        &["W/\"7\" , W/\"1\""],
        &["*"],
        &["\"7\"", "\"1\""],
    ];
    for tags in spellings {
        let order_id = app.order().await;
        let answer = conditional(&app, order_id, tags, "requested", true).await;
        assert_eq!((answer.status, answer.header("etag")), (200, Some("\"2\"")), "{tags:?}: {answer:?}");
    }
    app.finish().await;
}

#[tokio::test]
async fn any_other_version_is_412_and_says_where_the_order_is() {
    let app = App::start().await;
    let order_id = app.order_at("requested").await;
    for tags in [
        "\"1\"",
        "\"3\"",
        "\"1\", \"3\"",
        "W/\"1\"",
        "\"02\"",
        "\"1.2\"",
        "\"abc\"",
        "\"\"",
        "\"99999999999999999999\"",
    ] {
        let answer = conditional(&app, order_id, &[tags], "accepted", true).await;
        let problem =
            answer.refused(412, "version_mismatch", "The order has changed since: it is at version 2");
        assert_eq!(problem["current_version"], 2, "{tags}");
    }
    assert_eq!(app.events(order_id).await, 2);
    app.finish().await;
}

#[tokio::test]
async fn a_condition_holds_for_a_repeated_value_too() {
    let app = App::start().await;
    let order_id = app.order_at("requested").await;
    let answer = conditional(&app, order_id, &["\"1\""], "requested", true).await;
    answer.refused(412, "version_mismatch", "The order has changed since: it is at version 2");
    assert_eq!(conditional(&app, order_id, &["\"2\""], "requested", true).await.status, 200);
    app.finish().await;
}

#[tokio::test]
async fn junk_is_400_before_anything_else_is_looked_at() {
    let app = App::start().await;
    let detail = "If-Match must be *, or entity tags such as \"3\", separated by commas";
    for tags in ["1", "\"1", "1\"", "W/1", "w/\"1\"", "\"1\" \"2\"", "'1'", "\"1\";", "ü"] {
        let answer = conditional(&app, 1, &[tags], "requested", true).await;
        answer.refused(400, "malformed_header", detail);
    }
}

#[tokio::test]
async fn a_tag_with_a_comma_inside_is_a_tag_of_somebody_else() {
    let app = App::start().await;
    let order_id = app.order().await;
    let answer = conditional(&app, order_id, &["\"a,b\""], "requested", true).await;
    answer.refused(412, "version_mismatch", "The order has changed since: it is at version 1");
    app.finish().await;
}

#[tokio::test]
async fn the_order_of_checks_is_existence_role_version_ladder() {
    let app = App::start().await;
    let missing = conditional(&app, 999, &["\"1\""], "requested", true).await;
    missing.refused(404, "order_not_found", "Order not found");
    let order_id = app.order().await;
    let body = json!({"state_type": "paid", "new_value": true, "user_id": "stranger"}).to_string();
    let request = app.request(Method::PUT, &format!("/orders/{order_id}/update")).header("if-match", "\"9\"");
    Answer::of(request.body(body)).await.refused(403, "not_authorized", "Not authorized");
    let early = conditional(&app, order_id, &["\"9\""], "paid", true).await;
    early.refused(412, "version_mismatch", "The order has changed since: it is at version 1");
    let early = conditional(&app, order_id, &["\"1\""], "paid", true).await;
    early.refused(409, "earlier_stage_missing", "Cannot set paid before completed");
    app.finish().await;
}

#[tokio::test]
async fn after_a_restore_the_tags_handed_out_before_it_match_nothing() {
    let app = App::start().await;
    let order_id = app.order().await;
    let mut owner = app.database.connect(Role::Owner).await.unwrap();
    owner.execute("UPDATE atelier.schema_meta SET history_epoch = 2").await.unwrap();
    let tag = || async {
        let answer = app.status(order_id).await;
        (answer.header("etag") == Some("\"2.1\"")).then_some(())
    };
    wait::until("the epoch is part of the tag", PATIENCE, tag).await.unwrap();
    let old = conditional(&app, order_id, &["\"1\""], "requested", true).await;
    old.refused(412, "version_mismatch", "The order has changed since: it is at version 1");
    let new = conditional(&app, order_id, &["\"2.1\""], "requested", true).await;
    assert_eq!((new.status, new.header("etag")), (200, Some("\"2.2\"")));
    app.finish().await;
}
