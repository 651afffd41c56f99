//! `GET /orders/{order_id}`: a whole order.

use reqwest::Method;
use serde_json::json;

use super::{NO_ID, NO_IDS};
use crate::support::{Answer, App, BUYER, MAKER};

#[tokio::test]
async fn both_spellings_and_leading_zeros_read_the_same_order_with_its_etag() {
    let app = App::start().await;
    let created = app.post(&json!({"order_id": 7, "requester_id": BUYER, "created_by": MAKER})).await.order();
    for path in ["/orders/7", "/orders/7/", "/orders/007", "/orders/%37"] {
        let answer = app.get(path).await;
        assert_eq!((answer.status, answer.header("etag")), (200, Some("\"1\"")), "{path}");
        assert_eq!(answer.json(), created, "{path}");
    }
    app.finish().await;
}

#[tokio::test]
async fn it_shows_the_order_as_the_last_move_left_it() {
    let app = App::start().await;
    let order_id = app.order().await;
    let moved = app.buyer(order_id, "requested", true).await.order();
    let read = app.get(&format!("/orders/{order_id}")).await;
    assert_eq!(read.header("etag"), Some("\"2\""));
    assert_eq!(read.json(), moved);
    app.finish().await;
}

#[tokio::test]
async fn a_head_request_is_answered_like_a_get_without_the_body() {
    let app = App::start().await;
    let order_id = app.order().await;
    let answer = Answer::of(app.request(Method::HEAD, &format!("/orders/{order_id}"))).await;
    assert_eq!((answer.status, answer.header("etag"), answer.text.as_str()), (200, Some("\"1\""), ""));
    app.finish().await;
}

#[tokio::test]
async fn an_order_that_is_not_there_is_404() {
    let app = App::start().await;
    for order_id in ["1", "2147483648", "9007199254740991"] {
        app.get(&format!("/orders/{order_id}")).await.refused(404, "order_not_found", "Order not found");
    }
}

#[tokio::test]
async fn what_is_no_id_is_422() {
    let app = App::start().await;
    for id in NO_IDS {
        app.get(&format!("/orders/{id}")).await.wrong_field("order_id", NO_ID);
    }
    app.get("/orders/%ff").await.wrong_field("order_id", "must be UTF-8");
}
