//! A person who was erased: the service goes on with their orders, and knows nobody by their name.

use migrator::migrate::{ChangeOptions, Person, erase_until};
use serde_json::json;
use testkit::Role;

use crate::support::{App, BUYER, MAKER};

#[tokio::test]
async fn their_orders_are_answered_under_a_token_and_take_no_moves_of_theirs() {
    let app = App::start().await;
    let order_id = app.order_at("requested").await;
    let key = json!({"requester_id": BUYER, "created_by": MAKER}).to_string();
    let keyed = || async {
        let request = app.request(reqwest::Method::POST, "/orders").header("idempotency-key", "planted-key");
        crate::support::Answer::of(request.header("content-type", "application/json").body(key.clone())).await
    };
    let first = keyed().await.json()["order"]["order_id"].clone();

    let mut options = ChangeOptions::embedded().expect("the embedded files");
    options.roles = Some(testkit::database::roles());
    let buyer = Person { user_id: Some(BUYER.to_owned()), username: None, with_params: false };
    let address = app.database.options(Role::Owner);
    let erased =
        erase_until(&address, &options, &buyer, false, std::future::pending()).await.expect("erased");
    assert_eq!((erased.traces.requested, erased.traces.events, erased.traces.keys), (2, 3, 1));

    let order = app.get(&format!("/orders/{order_id}")).await;
    assert_eq!(order.status, 200, "{order:?}");
    let token = order.json()["requester_id"].as_str().expect("a name").to_owned();
    assert!(token.starts_with("erased-"), "{token}");
    assert_eq!((&order.json()["created_by"], &order.json()["version"]), (&json!(MAKER), &json!(2)));
    let history = app.get(&format!("/orders/{order_id}/history")).await;
    let actors: Vec<_> = history.json()["events"]
        .as_array()
        .expect("events")
        .iter()
        .map(|event| event["actor"].clone())
        .collect();
    assert_eq!(actors, [json!(token), json!(token)]);
    for answer in [&order, &history] {
        assert!(!format!("{answer:?}").contains(BUYER), "{answer:?}");
    }

    app.buyer(order_id, "requested", false).await.refused(403, "not_authorized", "Not authorized");
    assert_eq!(app.maker(order_id, "accepted", true).await.status, 200, "the maker goes on");
    assert_ne!(keyed().await.json()["order"]["order_id"], first, "the key is forgotten with its sender");
    app.database.check_history_law().await.expect("the law holds");
}
