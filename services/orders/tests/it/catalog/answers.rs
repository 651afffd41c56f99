//! One model, and what the catalog says of it.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::Role;
use testkit::catalog::{Behaviour, Catalog, Model, Price, Reply};

use super::{FORGETFUL, insert_with_models};
use crate::fixtures::{insert, model_id, order};
use crate::raw_catalog::{Conduct, RawCatalog, answer};
use crate::support::{Answer, MARGIN, Service, World};

/// Order 1 with a model.
struct OneModel(World);

impl OneModel {
    async fn start() -> Self {
        let world = World::with(&FORGETFUL).await;
        insert_with_models(&world, 1).await;
        Self(world)
    }

    /// The status and the details of the model after the catalog behaved so.
    async fn seen(&self, behaviour: Behaviour) -> (String, Value) {
        let Self(world) = self;
        world.catalog.forget_calls();
        world.catalog.behave(behaviour);
        let seen = model_in(&world.get("/orders/user/ada").await);
        assert_eq!(world.catalog.calls(&model_id(1)), 1);
        seen
    }

    /// The same with a catalog that answers exactly these bytes.
    async fn seen_raw(&self, bytes: Vec<u8>) -> (String, Value) {
        let catalog = RawCatalog::start(Conduct::Bytes(bytes)).await;
        let service = Service::start(&self.0.database.url(Role::Reader), &catalog.url(), &[]).await;
        let seen = model_in(&service.get("/orders/user/ada").await);
        assert_eq!(catalog.heads().len(), 1);
        seen
    }
}

fn model_in(answer: &Answer) -> (String, Value) {
    let [item] = answer.orders().try_into().expect("one order");
    (item["model_status"].as_str().expect("a text").to_owned(), item["model_details"].clone())
}

fn unavailable() -> (String, Value) {
    ("unavailable".to_owned(), Value::Null)
}

fn other(status: u16, body: &str) -> Behaviour {
    Behaviour::reply(Reply::Other {
        status,
        content_type: "application/json".to_owned(),
        body: body.to_owned(),
    })
}

#[tokio::test]
async fn a_model_is_found_with_its_details() {
    let one = OneModel::start().await;
    let model = Model::of(&model_id(1)).expect("a model");
    let (status, details) = one.seen(Behaviour::default()).await;
    assert_eq!(status, "found");
    assert_eq!(details["model_id"], model.model_id);
    assert_eq!(details["name"], model.name);
    assert_eq!(details["description"], model.description);
    assert_eq!(details["format"], model.format);
    assert_eq!(details["created_by"], model.created_by);
}

#[tokio::test]
async fn a_price_is_text_whether_the_catalog_sends_a_number_or_text() {
    let one = OneModel::start().await;
    let model = Model::of(&model_id(1)).expect("a model");
    let (_, details) = one.seen(Behaviour { price: Price::Text, ..Behaviour::default() }).await;
    assert_eq!(details["price"], model.price_text());
    let (_, details) = one.seen(Behaviour::default()).await;
    let price = details["price"].as_str().expect("a text");
    let cents = price.parse::<f64>().expect("a number") * 100.0;
    assert!((cents - f64::from(model.price_cents)).abs() < 0.5, "{price}");
    for (price, text) in
        [("10.50", "10.50"), ("0", "0"), ("-1e3", "-1e3"), ("\"12,50 €\"", "12,50 €"), ("\"\"", "")]
    {
        let (status, details) = one.seen(other(200, &format!(r#"{{"model": {{"price": {price}}}}}"#))).await;
        assert_eq!((status.as_str(), &details["price"]), ("found", &json!(text)), "{price}");
    }
}

#[tokio::test]
async fn a_price_that_is_neither_number_nor_text_is_nonsense() {
    let one = OneModel::start().await;
    for price in ["true", "[1]", "{\"amount\": 1}"] {
        let body = format!(r#"{{"model": {{"name": "Vase", "price": {price}}}}}"#);
        assert_eq!(one.seen(other(200, &body)).await, unavailable(), "{price}");
    }
}

#[tokio::test]
async fn fields_that_the_catalog_leaves_out_are_null() {
    let one = OneModel::start().await;
    let (status, details) = one.seen(Behaviour::reply(Reply::Sparse)).await;
    assert_eq!(status, "found");
    let nothing = Value::Null;
    assert_eq!(
        details,
        json!({
            "model_id": model_id(1), "name": nothing, "description": nothing, "format": nothing, "price": nothing,
            "created_by": nothing,
        })
    );
}

#[tokio::test]
async fn fields_that_nobody_knows_are_dropped() {
    let one = OneModel::start().await;
    let (status, details) = one.seen(Behaviour::reply(Reply::Verbose)).await;
    assert_eq!(status, "found");
    let model = Model::of(&model_id(1)).expect("a model");
    assert_eq!(details["name"], model.name);
    assert_eq!(details.as_object().expect("an object").len(), 6, "{details}");
}

#[tokio::test]
async fn a_byte_order_mark_is_no_obstacle() {
    let one = OneModel::start().await;
    let (status, details) = one.seen(Behaviour::reply(Reply::ByteOrderMark)).await;
    assert_eq!((status.as_str(), details["model_id"].as_str()), ("found", Some(&*model_id(1))));
}

#[tokio::test]
async fn a_model_that_the_catalog_does_not_know_is_missing() {
    let one = OneModel::start().await;
    assert_eq!(one.seen(Behaviour::reply(Reply::NotFound)).await, ("missing".to_owned(), Value::Null));
    assert_eq!(one.seen(other(404, "<html>gone</html>")).await, ("missing".to_owned(), Value::Null));
}

#[tokio::test]
async fn another_models_answer_is_nonsense() {
    let one = OneModel::start().await;
    let stranger = json!({ "model": { "model_id": model_id(2), "name": "Not asked for" } });
    assert_eq!(one.seen(other(200, &stranger.to_string())).await, unavailable());
    let empty = json!({ "model": { "model_id": "", "name": "Not asked for" } });
    assert_eq!(one.seen(other(200, &empty.to_string())).await, unavailable());
}

#[tokio::test]
async fn the_same_id_in_other_letters_is_the_same_model() {
    let one = OneModel::start().await;
    let shouted = json!({ "model": { "model_id": model_id(1).to_uppercase(), "name": "Vase" } });
    let (status, details) = one.seen(other(200, &shouted.to_string())).await;
    assert_eq!((status.as_str(), &details["name"]), ("found", &json!("Vase")));
}

#[tokio::test]
async fn errors_and_nonsense_are_unavailable() {
    let one = OneModel::start().await;
    for reply in [Reply::ServerError, Reply::Garbage, Reply::Html, Reply::WrongTypes] {
        assert_eq!(one.seen(Behaviour::reply(reply.clone())).await, unavailable(), "{reply:?}");
    }
    let good = json!({ "model": { "model_id": model_id(1), "name": "Vase" } }).to_string();
    for status in [201, 202, 203, 206, 304, 400, 401, 403, 410, 429, 500, 503] {
        assert_eq!(one.seen(other(status, &good)).await, unavailable(), "{status}");
    }
}

#[tokio::test]
async fn two_hundred_with_anything_but_a_model_is_unavailable() {
    let one = OneModel::start().await;
    let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for body in [
        "",
        "null",
        "{}",
        "[]",
        "7",
        "\"model\"",
        r#"{"model": null}"#,
        r#"{"model": []}"#,
        r#"{"model": "Vase"}"#,
        r#"{"name": "Vase"}"#,
        r#"{"model": {"name": "Vase"}} trailing"#,
        r#"{"model": {"name": "\ud800"}}"#,
        &nested,
    ] {
        let start = body.chars().take(40).collect::<String>();
        assert_eq!(one.seen(other(200, body)).await, unavailable(), "{start}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_unavailable() {
    let one = OneModel::start().await;
    let whole = r#"{"model": {"name": "Vase"}}"#;
    let cut =
        format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n{whole}");
    assert_eq!(one.seen_raw(cut.into_bytes()).await, unavailable());
    let chunked =
        format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{whole}\r\n", whole.len());
    assert_eq!(one.seen_raw(chunked.into_bytes()).await, unavailable());
    assert_eq!(one.seen_raw(Vec::new()).await, unavailable());
    assert_eq!(one.seen_raw(b"220 mail.example ESMTP\r\n".to_vec()).await, unavailable());
    let (status, _) = one.seen_raw(answer(whole)).await;
    assert_eq!(status, "found", "the same bytes, whole, are a model");
}

#[tokio::test]
async fn a_redirect_is_never_followed() {
    let one = OneModel::start().await;
    let elsewhere = Catalog::start().await.expect("another catalog");
    let target = format!("{}/models/id/{}", elsewhere.base_url(), model_id(1));
    assert_eq!(one.seen(Behaviour::reply(Reply::Redirect(target.clone()))).await, unavailable());
    for status in [301, 303, 307, 308] {
        let bytes = format!("HTTP/1.1 {status} Elsewhere\r\nlocation: {target}\r\ncontent-length: 0\r\n\r\n");
        assert_eq!(one.seen_raw(bytes.into_bytes()).await, unavailable(), "{status}");
    }
    assert_eq!(elsewhere.calls_total(), 0);
}

#[tokio::test]
async fn an_order_without_a_model_asks_nothing() {
    let world = World::start().await;
    insert(&world.database, &[order(1), order(2)]).await;
    assert_eq!(world.get("/orders/user/ada").await.model_statuses(), ["none", "none"]);
    assert_eq!(world.catalog.calls_total(), 0);
}

#[tokio::test]
async fn each_model_of_a_page_has_its_own_fate() {
    let world = World::start().await;
    insert_with_models(&world, 4).await;
    insert(&world.database, &[order(5)]).await;
    world.catalog.behave_for(&model_id(2), Behaviour::reply(Reply::NotFound));
    world.catalog.behave_for(&model_id(3), Behaviour::reply(Reply::ServerError));
    world.catalog.behave_for(&model_id(4), Behaviour::slow(Duration::from_secs(10)));
    let answer = world.get("/orders/user/ada").await;
    assert_eq!(answer.model_statuses(), ["none", "unavailable", "unavailable", "missing", "found"]);
    let known = answer.orders().iter().filter(|order| !order["model_details"].is_null()).count();
    assert_eq!(known, 1);
    assert!(answer.took < Duration::from_millis(800) + MARGIN, "{:?}", answer.took);
}
