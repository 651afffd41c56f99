//! How much is asked of the catalog: each model once a page, so many at a time, in its own words.

use std::collections::HashSet;

use futures_util::future::join_all;
use testkit::{Role, TestDatabase, wait};

use super::with_models;
use crate::fixtures::{Row, insert, model_id, order};
use crate::raw_catalog::{Conduct, RawCatalog};
use crate::support::{PATIENCE, Service, World};

const PATIENT: (&str, &str) = ("catalog.page_deadline_ms", "20000");

/// A service with a gated catalog, and the orders.
async fn gated(orders: &[Row], keys: &[(&str, &str)]) -> (TestDatabase, RawCatalog, Service) {
    let database = TestDatabase::create().await.expect("a database");
    insert(&database, orders).await;
    let catalog = RawCatalog::start(Conduct::Gate).await;
    let keys = [&[PATIENT], keys].concat();
    let service = Service::start(&database.url(Role::Reader), &catalog.url(), &keys).await;
    (database, catalog, service)
}

/// Waits until so many requests are in flight, then lets them out one by one until `total` were answered.
async fn let_out(catalog: &RawCatalog, at_once: usize, total: usize) {
    for answered in 0..total {
        let expected = at_once.min(total - answered);
        wait::until("the catalog is asked as much as allowed", PATIENCE, || async {
            (catalog.in_flight() == expected).then_some(())
        })
        .await
        .expect("asked");
        catalog.gate.add_permits(1);
        wait::until("one answer goes out", PATIENCE, || async {
            (catalog.gate.available_permits() == 0).then_some(())
        })
        .await
        .expect("out");
    }
}

#[tokio::test]
async fn each_distinct_model_is_asked_for_once_a_page() {
    let world = World::start().await;
    let numbered = |id: u32, model: String| order(id.into()).model(model);
    let mut orders: Vec<Row> = (1..=40).map(|id| numbered(id, model_id(id % 4))).collect();
    // Two spellings of one id are one model.
    orders.extend((41..=60).map(|id| numbered(id, model_id(id % 4).to_uppercase())));
    insert(&world.database, &orders).await;
    let answer = world.get("/orders/user/ada?limit=200").await;
    assert_eq!(answer.model_statuses(), ["found"; 60]);
    for number in 0..4 {
        assert_eq!(world.catalog.calls(&model_id(number)), 1);
    }
    assert_eq!(world.catalog.calls_total(), 4);
}

#[tokio::test]
async fn an_orders_own_spelling_of_its_model_is_kept() {
    let world = World::start().await;
    let (lower, upper) = (model_id(1), model_id(1).to_uppercase());
    insert(&world.database, &[order(1).model(&*lower), order(2).model(&*upper)]).await;
    let orders = world.get("/orders/user/ada").await.orders();
    assert_eq!((&orders[0]["model_id"], &orders[1]["model_id"]), (&upper.into(), &lower.into()));
    assert_eq!(orders[0]["model_details"], orders[1]["model_details"]);
}

#[tokio::test]
async fn only_the_models_of_the_page_are_asked_for() {
    let world = World::start().await;
    insert(&world.database, &with_models(5)).await;
    assert_eq!(world.get("/orders/user/ada?limit=2").await.model_statuses(), ["found"; 2]);
    assert_eq!(world.catalog.calls_total(), 2);
}

#[tokio::test]
async fn a_page_asks_for_so_many_models_at_a_time() {
    let (_database, catalog, service) = gated(&with_models(10), &[("catalog.page_requests_max", "3")]).await;
    let (answer, ()) = tokio::join!(service.get("/orders/user/ada"), let_out(&catalog, 3, 10));
    assert_eq!(answer.model_statuses(), ["found"; 10]);
    assert_eq!(catalog.in_flight_max(), 3);
    assert_eq!(catalog.heads().len(), 10);
}

#[tokio::test]
async fn all_pages_together_ask_for_so_many_models_at_a_time() {
    let users = ["ada", "bob", "cleo"].into_iter().cycle();
    let orders: Vec<Row> =
        (1..=12_u32).zip(users).map(|(id, user)| order(id.into()).of(user).model(model_id(id))).collect();
    let keys = [("catalog.page_requests_max", "3"), ("catalog.requests_max", "4")];
    let (_database, catalog, service) = gated(&orders, &keys).await;
    let pages = ["ada", "bob", "cleo"].map(|user| format!("/orders/user/{user}"));
    let (answers, ()) =
        tokio::join!(join_all(pages.iter().map(|path| service.get(path))), let_out(&catalog, 4, 12));
    for answer in answers {
        assert_eq!(answer.model_statuses(), ["found"; 4]);
    }
    assert_eq!(catalog.in_flight_max(), 4);
}

#[tokio::test]
async fn the_catalog_is_asked_by_the_bare_hex_below_its_base() {
    for slash in ["", "/"] {
        let (database, catalog, _) = gated(&[order(1).model("ABCDEFabcdef012345678901")], &[]).await;
        let url = format!("{}{slash}", catalog.url());
        let service = Service::start(&database.url(Role::Reader), &url, &[]).await;
        catalog.gate.add_permits(1);
        assert_eq!(service.get("/orders/user/ada").await.model_statuses(), ["found"]);
        let [head] = catalog.heads().try_into().expect("one request");
        let line = head.lines().next().expect("a request line");
        assert!(
            line.eq_ignore_ascii_case("GET /catalog/models/id/abcdefabcdef012345678901 HTTP/1.1"),
            "{line}"
        );
    }
}

#[tokio::test]
async fn nothing_of_the_caller_reaches_the_catalog() {
    let (_database, catalog, service) = gated(&with_models(1), &[]).await;
    catalog.gate.add_permits(1);
    service.get("/orders/user/ada?status=all").await;
    let [head] = catalog.heads().try_into().expect("one request");
    let names: HashSet<String> = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .map(|(name, _)| name.to_ascii_lowercase())
        .collect();
    let allowed = ["accept", "host", "user-agent", "traceparent", "tracestate"];
    assert!(names.iter().all(|name| allowed.contains(&name.as_str())), "{names:?}");
    // A trace's number is made of such letters too.
    assert!(head.lines().all(|line| line.starts_with("traceparent") || !line.contains("ada")), "{head}");
}

#[tokio::test]
async fn lists_that_are_asked_for_at_once_do_not_mix() {
    let world = World::start().await;
    let orders: Vec<Row> = (1..=100_u32)
        .map(|id| order(id.into()).of(&format!("user-{}", id % 20)).model(model_id(id % 20)))
        .collect();
    insert(&world.database, &orders).await;
    let paths: Vec<String> = (0..100).map(|number| format!("/orders/user/user-{}", number % 20)).collect();
    let answers = join_all(paths.iter().map(|path| world.get(path))).await;
    for (number, answer) in (0..).zip(&answers) {
        let (number, orders) = (number % 20, answer.orders());
        assert_eq!(orders.len(), 5);
        for item in orders {
            assert_eq!(item["user_id"], format!("user-{number}"));
            assert_eq!(item["model_details"]["model_id"], model_id(number));
        }
    }
}
