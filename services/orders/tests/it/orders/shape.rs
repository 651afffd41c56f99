//! What a page looks like, and whose it is.

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::List;
use crate::fixtures::{Row, insert, model_id, order};
use crate::support::World;

const KEYS: [&str; 14] = [
    "alert",
    "cost_final",
    "cost_initial",
    "created_at",
    "created_by",
    "custom_params",
    "id",
    "model_details",
    "model_id",
    "model_status",
    "order_id",
    "status",
    "user_id",
    "version",
];

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().expect("an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

pub(super) async fn an_item_has_every_key_with_its_type(list: List) {
    let world = World::start().await;
    let model = model_id(1);
    let full = Row {
        custom_params: json!({ "size": 3, "engraving": "für Ada", "parts": [1, null, { "a": true }] }),
        cost_initial: Some(12.5),
        cost_final: Some(9.99),
        ..order(7).of("ada").by("maren").alerted().model(&*model)
    };
    insert(&world.database, std::slice::from_ref(&full)).await;

    let owner = if list == List::User { "ada" } else { "maren" };
    let answer = world.get(&list.path(owner)).await;
    assert_eq!(keys(&answer.json()), ["next", "orders"]);
    let [item] = answer.orders().try_into().expect("one order");
    assert_eq!(keys(&item), KEYS);
    let details = item["model_details"].clone();
    assert_eq!(keys(&details), ["created_by", "description", "format", "model_id", "name", "price"]);
    assert_eq!(
        item,
        json!({
            "id": 7, "order_id": 7, "model_id": model, "custom_params": full.custom_params,
            "user_id": "ada", "created_by": "maren", "status": "paid", "alert": true, "version": 6,
            "created_at": "2026-01-02T03:04:05.678901Z", "cost_initial": 12.5, "cost_final": 9.99,
            "model_details": details, "model_status": "found",
        })
    );
    let at = OffsetDateTime::parse(item["created_at"].as_str().expect("a text"), &Rfc3339).expect("RFC 3339");
    assert!(at.offset().is_utc());
}

pub(super) async fn what_an_order_lacks_is_null(list: List) {
    let world = World::start().await;
    insert(&world.database, &[list.owned(order(7).at("created"), "ada")]).await;
    let [item] =
        world.get(&format!("{}?status=all", list.path("ada"))).await.orders().try_into().expect("one order");
    assert_eq!(keys(&item), KEYS);
    for key in ["model_id", "cost_initial", "cost_final", "model_details"] {
        assert_eq!(item[key], Value::Null, "{key}");
    }
    assert_eq!(item["custom_params"], json!({}));
    assert_eq!(item["alert"], false);
    assert_eq!(item["version"], 1);
    assert_eq!(item["model_status"], "none");
}

pub(super) async fn custom_params_go_out_as_they_are_stored(list: List) {
    let world = World::start().await;
    let params: Value = serde_json::from_str(r#"{"text": "a \"b\" \\ é 😀", "list": []}"#).expect("JSON");
    insert(&world.database, &[Row { custom_params: params.clone(), ..list.owned(order(1), "ada") }]).await;
    // A number's digits are the buyer's: 2.50 must not become 2.5 on the way out.
    let mut admin = world.database.connect(testkit::Role::Admin).await.expect("connected");
    sqlx::raw_sql("SET session_replication_role = replica; UPDATE atelier.orders SET custom_params = custom_params || '{\"n\": 2.50}'")
        .execute(&mut admin)
        .await
        .expect("changed");
    let answer = world.get(&list.path("ada")).await;
    let [item] = answer.orders().try_into().expect("one order");
    assert_eq!(item["custom_params"]["text"], params["text"]);
    assert_eq!(item["custom_params"]["list"], params["list"]);
    assert!(answer.text.contains("2.50"), "{}", answer.text);
}

pub(super) async fn the_largest_numbers_are_exact(list: List) {
    let world = World::start().await;
    let largest = Row {
        cost_initial: Some(9_999_999_999.99),
        cost_final: Some(0.0),
        ..list.owned(order(9_007_199_254_740_991), "ada")
    };
    insert(&world.database, &[largest]).await;
    let answer = world.get(&list.path("ada")).await;
    let [item] = answer.orders().try_into().expect("one order");
    assert_eq!(item["id"].as_i64(), Some(9_007_199_254_740_991));
    assert!(answer.text.contains("9999999999.99"), "{}", answer.text);
    assert_eq!(item["cost_final"].as_f64(), Some(0.0));
}

pub(super) async fn an_unknown_owner_has_an_empty_page(list: List) {
    let world = World::start().await;
    for query in ["", "?status=all", "?alert=true", "?limit=1"] {
        let answer = world.get(&format!("{}{query}", list.path("nobody"))).await;
        assert_eq!((answer.status, answer.json()), (200, json!({ "orders": [], "next": null })), "{query}");
    }
}

pub(super) async fn an_owner_is_compared_exactly(list: List) {
    let world = World::start().await;
    insert(&world.database, &[list.owned(order(1), "Ada")]).await;
    for other in ["ada", "Adä", "Ad", "Ada2", "%25", "Ad_", "A%CC%88da"] {
        assert_eq!(world.get(&list.path(other)).await.ids(), [0; 0], "{other}");
    }
    assert_eq!(world.get(&list.path("Ada")).await.ids(), [1]);
}

pub(super) async fn any_owner_that_can_exist_can_be_asked_for(list: List) {
    let world = World::start().await;
    let longest = "ü".repeat(255);
    let owners = [
        "a/b",
        "a/",
        "/",
        "ädä 😀",
        "a%b",
        "%2F",
        "a+b",
        "a?b",
        "a#b",
        "a&b=c",
        "user",
        "..a",
        "'; --",
        "a\\b",
        &longest,
    ];
    let orders: Vec<Row> = owners.iter().zip(1..).map(|(owner, id)| list.owned(order(id), owner)).collect();
    insert(&world.database, &orders).await;
    for (owner, id) in owners.iter().zip(1..) {
        let path = list.path(&encode(owner));
        for spelling in
            [path.clone(), format!("{path}/"), format!("{path}?limit=1"), format!("{path}/?limit=1")]
        {
            let answer = world.get(&spelling).await;
            assert_eq!(answer.ids(), [id], "{spelling}");
            let key = if list == List::User { "user_id" } else { "created_by" };
            assert_eq!(answer.orders()[0][key], *owner);
        }
    }
}

fn encode(owner: &str) -> String {
    percent_encoding::utf8_percent_encode(owner, percent_encoding::NON_ALPHANUMERIC).to_string()
}

pub(super) async fn an_owner_that_cannot_exist_is_422(list: List) {
    let world = World::start().await;
    let long = "a".repeat(256);
    for owner in ["%00", "a%00b", "a%0Ab", "%20", "%20a", "a%20", "%C2%A0a", "%FF", "%C3%28", &long] {
        let answer = world.get(&list.path(owner)).await;
        assert_eq!(answer.wrong_fields(), [list.parameter()], "{owner}");
    }
    assert_eq!(world.get(&format!("{}/", list.path(""))).await.wrong_fields(), [list.parameter()], "nobody");
    world.get(&list.path("")).await.assert_problem(404, "unknown_path");
}

pub(super) async fn answers_are_for_their_caller_only(list: List) {
    let world = World::start().await;
    let answer = world.get(&list.path("ada")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "private, no-cache");
    assert_eq!(answer.header("vary"), "Authorization");
    assert_eq!(answer.header("x-request-id").len(), 32);
    let problem = world.get(&format!("{}?limit=0", list.path("ada"))).await;
    problem.assert_problem(422, "invalid_fields");
    assert_eq!(problem.header("vary"), "Authorization");
}

pub(super) async fn other_methods_are_405_and_head_is_a_get(list: List) {
    let world = World::start().await;
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let method = method.parse().expect("a method");
        let answer = world.service.send(method, &list.path("ada")).await;
        answer.assert_problem(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), "GET,HEAD");
    }
    let head = world.service.send(reqwest::Method::HEAD, &list.path("ada")).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    let unknown = world.get(&format!("{}/more", list.path("ada"))).await;
    unknown.assert_problem(404, "unknown_path");
}
