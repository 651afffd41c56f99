//! A page waits for its models until its deadline and no longer, and nobody else waits with it.

use std::time::Duration;

use futures_util::future::join_all;
use testkit::catalog::Behaviour;
use testkit::{Role, TestDatabase, wait};

use super::{insert_with_models, with_models};
use crate::fixtures::{insert, model_id, order};
use crate::raw_catalog::{Conduct, RawCatalog};
use crate::support::{MARGIN, PATIENCE, Service, World};

const DEADLINE: Duration = Duration::from_millis(300);
const SHORT: (&str, &str) = ("catalog.page_deadline_ms", "300");

/// Order 1 with a model, listed with this catalog.
async fn with_catalog(url: &str) -> (TestDatabase, Service) {
    let database = TestDatabase::create().await.expect("a database");
    insert(&database, &with_models(1)).await;
    let service = Service::start(&database.url(Role::Reader), url, &[SHORT]).await;
    service.get("/orders/user/nobody").await;
    (database, service)
}

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";

#[tokio::test]
async fn a_catalog_that_takes_ten_seconds_costs_a_list_its_deadline_only() {
    let world = World::start().await;
    insert_with_models(&world, 3).await;
    world.catalog.behave(Behaviour::slow(Duration::from_secs(10)));
    let answer = world.get("/orders/user/ada").await;
    assert_eq!(answer.model_statuses(), ["unavailable"; 3]);
    let deadline = Duration::from_millis(800);
    assert!(deadline <= answer.took && answer.took < deadline + MARGIN, "{:?}", answer.took);
}

#[tokio::test]
async fn models_that_answer_in_time_are_found_beside_slow_ones() {
    let world = World::with(&[SHORT]).await;
    insert_with_models(&world, 20).await;
    for number in (1..=20).step_by(2) {
        world.catalog.behave_for(&model_id(number), Behaviour::slow(Duration::from_secs(10)));
    }
    // As many slow models as places would starve the others, so there is one place each.
    let world = World { service: restarted(&world, ("catalog.page_requests_max", "20")).await, ..world };
    let statuses = world.get("/orders/user/ada").await.model_statuses();
    let expected: Vec<&str> =
        (1..=20).rev().map(|id| if id % 2 == 0 { "found" } else { "unavailable" }).collect();
    assert_eq!(statuses, expected);
}

async fn restarted(world: &World, key: (&str, &str)) -> Service {
    Service::start(&world.database.url(Role::Reader), &world.catalog.base_url(), &[SHORT, key]).await
}

#[tokio::test]
async fn a_dead_catalog_costs_nothing() {
    let port = wait::free_port().expect("a port");
    let (_database, service) = with_catalog(&format!("http://127.0.0.1:{port}/catalog")).await;
    let answer = service.get("/orders/user/ada").await;
    assert_eq!(answer.model_statuses(), ["unavailable"]);
    assert!(answer.took < DEADLINE + MARGIN, "{:?}", answer.took);
}

#[tokio::test]
async fn a_catalog_whose_name_does_not_exist_is_unavailable() {
    let (_database, service) = with_catalog("http://catalog.invalid/catalog").await;
    let answer = service.get("/orders/user/ada").await;
    assert_eq!(answer.model_statuses(), ["unavailable"]);
    assert!(answer.took < DEADLINE + MARGIN, "{:?}", answer.took);
}

#[tokio::test]
async fn an_endless_answer_is_cut_off_after_its_first_megabyte() {
    for framing in ["\r\n", "content-length: 1099511627776\r\n\r\n"] {
        let head = [HEAD, framing.as_bytes(), br#"{"model": "#].concat();
        let catalog = RawCatalog::start(Conduct::Flood(head)).await;
        let (_database, service) = with_catalog(&catalog.url()).await;
        let answer = service.get("/orders/user/ada").await;
        assert_eq!(answer.model_statuses(), ["unavailable"]);
        assert!(answer.took < DEADLINE + MARGIN, "{:?}", answer.took);
        wait::until("the service hangs up", PATIENCE, || async { (catalog.in_flight() == 0).then_some(()) })
            .await
            .expect("hung up");
        // One megabyte is read; the rest filled the sockets' buffers on both sides.
        let sent = catalog.bytes_sent();
        assert!(sent < 16 * 1024 * 1024, "{sent} bytes were taken");
    }
}

#[tokio::test]
async fn a_dripping_answer_is_given_up_at_the_deadline() {
    for head in [&b""[..], b"HTTP/1.1 200 OK\r\nx-slow:", &[HEAD, b"\r\n{\"model\": "].concat()] {
        let drip = Conduct::Drip(head.to_vec(), Duration::from_millis(20));
        let catalog = RawCatalog::start(drip).await;
        let (_database, service) = with_catalog(&catalog.url()).await;
        let answer = service.get("/orders/user/ada").await;
        assert_eq!(answer.model_statuses(), ["unavailable"]);
        assert!(answer.took < DEADLINE + MARGIN, "{:?}", answer.took);
        wait::until("the service hangs up", PATIENCE, || async { (catalog.in_flight() == 0).then_some(()) })
            .await
            .expect("hung up");
    }
}

#[tokio::test]
async fn a_look_up_that_outlives_its_page_ends_at_its_own_deadline() {
    let catalog = RawCatalog::start(Conduct::Gate).await;
    let database = TestDatabase::create().await.expect("a database");
    insert(&database, &with_models(1)).await;
    let keys = [SHORT, ("catalog.request_timeout_ms", "600")];
    let service = Service::start(&database.url(Role::Reader), &catalog.url(), &keys).await;
    assert_eq!(service.get("/orders/user/ada").await.model_statuses(), ["unavailable"]);
    wait::until("nothing is asked any more", PATIENCE, || async { (catalog.in_flight() == 0).then_some(()) })
        .await
        .expect("the look-up ended");
}

#[tokio::test]
async fn no_connection_is_held_while_the_catalog_is_slow() {
    let database = TestDatabase::create().await.expect("a database");
    let mut orders = with_models(10);
    orders.push(order(11).of("bob"));
    insert(&database, &orders).await;
    let catalog = RawCatalog::start(Conduct::Gate).await;
    let keys = [("database.read_connections", "1"), ("catalog.page_deadline_ms", "2000")];
    let service = Service::start(&database.url(Role::Reader), &catalog.url(), &keys).await;
    let deadline = Duration::from_secs(2);

    let slow = join_all((0..40).map(|_| service.get("/orders/user/ada")));
    let quick = async {
        wait::until("the catalog is asked", PATIENCE, || async { (catalog.in_flight() > 0).then_some(()) })
            .await
            .expect("asked");
        let mut quick = Vec::new();
        while quick.len() < 10 {
            quick.push(service.get("/orders/user/bob").await);
        }
        (quick, catalog.in_flight())
    };
    let (slow, (quick, in_flight)) = tokio::join!(slow, quick);

    assert!(in_flight > 0, "the quick lists were answered while the slow ones waited");
    for answer in quick {
        assert_eq!(answer.ids(), [11]);
        assert!(answer.took < Duration::from_secs(1), "{:?}", answer.took);
    }
    for answer in slow {
        assert_eq!(answer.model_statuses(), ["unavailable"; 10]);
        assert!(answer.took < deadline + MARGIN, "{:?}", answer.took);
    }
}
