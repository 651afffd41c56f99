//! A catalog that keeps failing is left alone; one call now and then tries whether it is over.

use std::time::Duration;

use testkit::catalog::{Behaviour, Reply};
use testkit::wait;

use super::insert_with_models;
use crate::support::{PATIENCE, World};

/// Open after five failures among ten calls, for long enough to be looked at.
const KEYS: [(&str, &str); 4] = [
    ("catalog.breaker.window_calls", "10"),
    ("catalog.breaker.failures_max", "5"),
    ("catalog.breaker.open_ms", "1000"),
    ("catalog.page_requests_max", "1"),
];

const PATH: &str = "/orders/user/ada";

async fn broken() -> World {
    let world = World::with(&KEYS).await;
    insert_with_models(&world, 20).await;
    world.catalog.behave(Behaviour::reply(Reply::ServerError));
    world
}

/// What `/readyz` says of the catalog, and with which status.
async fn readiness(world: &World) -> (u16, String) {
    let answer = world.service.ops("/readyz").await;
    (answer.status, answer.json()["conditions"]["catalog"]["status"].as_str().unwrap_or_default().to_owned())
}

async fn state(world: &World) -> String {
    let text = world.service.ops("/metrics").await.text;
    let line = text.lines().find_map(|line| line.strip_prefix("catalog_breaker_state "));
    line.expect("the gauge").to_owned()
}

#[tokio::test]
async fn after_five_failures_no_more_calls_are_made_and_the_page_does_not_wait() {
    let world = broken().await;
    assert_eq!(world.get(PATH).await.model_statuses(), ["unavailable"; 20]);
    assert_eq!(world.catalog.calls_total(), 5);
    assert_eq!(state(&world).await, "2");
    assert_eq!(readiness(&world).await, (200, "degraded".to_owned()), "orders are still best asked for here");

    world.catalog.behave(Behaviour::slow(Duration::from_secs(10)));
    let answer = world.get(PATH).await;
    assert_eq!(answer.model_statuses(), ["unavailable"; 20]);
    assert!(answer.took < Duration::from_millis(700), "{:?}", answer.took);
    assert!(world.catalog.calls_total() <= 6, "one may have tried");
}

#[tokio::test]
async fn when_the_catalog_is_back_one_call_finds_out_and_all_are_made_again() {
    let world = broken().await;
    world.get(PATH).await;
    world.catalog.behave(Behaviour::default());
    let found = || async { (world.get(PATH).await.model_statuses() == ["found"; 20]).then_some(()) };
    wait::until("the models are found again", PATIENCE, found).await.expect("found");
    assert_eq!((state(&world).await, readiness(&world).await.1), ("0".to_owned(), "ok".to_owned()));
}

#[tokio::test]
async fn a_catalog_that_stays_broken_gets_one_call_a_pause() {
    let world = broken().await;
    world.get(PATH).await;
    let tried = || async {
        world.get(PATH).await;
        (world.catalog.calls_total() == 7).then_some(())
    };
    let began = std::time::Instant::now();
    wait::until("two more calls", PATIENCE, tried).await.expect("tried");
    assert!(began.elapsed() >= Duration::from_secs(1), "one a pause: {:?}", began.elapsed());
    assert_eq!(state(&world).await, "2");
}

#[tokio::test]
async fn a_model_whose_record_is_wrong_does_not_keep_the_others_from_being_asked_for() {
    let world = World::with(&KEYS).await;
    insert_with_models(&world, 20).await;
    for reply in [Reply::WrongTypes, Reply::Garbage, Reply::Html] {
        world.catalog.forget_calls();
        world.catalog.behave(Behaviour::reply(reply));
        assert_eq!(world.get(PATH).await.model_statuses(), ["unavailable"; 20]);
        assert_eq!(world.catalog.calls_total(), 20);
    }
    assert_eq!(state(&world).await, "0");
}

#[tokio::test]
async fn that_there_is_no_such_model_is_no_failure() {
    let world = World::with(&KEYS).await;
    insert_with_models(&world, 20).await;
    world.catalog.behave(Behaviour::reply(Reply::NotFound));
    assert_eq!(world.get(PATH).await.model_statuses(), ["missing"; 20]);
    assert_eq!(world.catalog.calls_total(), 20);
}
