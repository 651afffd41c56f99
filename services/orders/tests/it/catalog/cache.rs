//! What is remembered of the catalog, for how long, and how little it is asked.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use testkit::catalog::{Behaviour, Reply};
use testkit::wait;

use super::insert_with_models;
use crate::fixtures::model_id;
use crate::support::{PATIENCE, World};

/// A model's time is up at once, and it is shown all the same.
const STALE: [(&str, &str); 1] = [("catalog.cache.fresh_seconds", "0")];

const PATH: &str = "/orders/user/ada?limit=200";

async fn with_models(count: u32, keys: &[(&str, &str)]) -> World {
    let world = World::with(keys).await;
    insert_with_models(&world, count).await;
    world
}

/// How often the cache answered so.
async fn cached(world: &World, outcome: &str) -> u64 {
    let series = format!("catalog_cache_total{{outcome=\"{outcome}\"}} ");
    let text = world.service.ops("/metrics").await.text;
    text.lines()
        .find_map(|line| line.strip_prefix(&series))
        .map_or(0, |count| count.parse().expect("a count"))
}

async fn until_calls(world: &World, calls: usize) {
    let asked = || async { (world.catalog.calls_total() == calls).then_some(()) };
    wait::until("the catalog is asked so often", PATIENCE, asked).await.expect("asked");
}

#[tokio::test]
async fn a_warm_page_asks_for_nothing() {
    let world = with_models(20, &[]).await;
    let cold = world.get(PATH).await;
    world.catalog.forget_calls();
    let warm = world.get(PATH).await;
    assert_eq!(warm.text, cold.text);
    assert_eq!(world.catalog.calls_total(), 0);
    assert_eq!((cached(&world, "miss").await, cached(&world, "hit").await), (20, 20));
}

/// How long a page of fifty cold models takes, each of which the catalog tells after 20 ms.
async fn fifty_cold(keys: &[(&str, &str)]) -> Duration {
    let world = with_models(50, keys).await;
    world.catalog.behave(Behaviour::slow(Duration::from_millis(20)));
    // The way to the database is warm, as it is after the first page of the day.
    world.get("/orders/user/nobody").await;
    let began = Instant::now();
    assert_eq!(world.get(PATH).await.model_statuses(), ["found"; 50]);
    let took = began.elapsed();
    assert_eq!(world.catalog.calls_total(), 50);
    took
}

#[tokio::test]
async fn fifty_cold_models_take_a_fraction_of_one_after_another() {
    let one_by_one = [("catalog.page_requests_max", "1"), ("catalog.page_deadline_ms", "20000")];
    let (one_after_another, together) = (fifty_cold(&one_by_one).await, fifty_cold(&[]).await);
    let ratio = together.as_secs_f64() / one_after_another.as_secs_f64();
    println!(
        "50 cold models at 20 ms: {} ms together, {} ms one after another: {ratio:.3} (goal 0.15)",
        together.as_millis(),
        one_after_another.as_millis()
    );
    assert!(ratio < 0.5, "{ratio}");
}

#[tokio::test]
async fn two_hundred_identical_requests_ask_for_each_model_once() {
    let world = with_models(10, &[]).await;
    world.catalog.behave(Behaviour::slow(Duration::from_millis(100)));
    let answers = join_all((0..200).map(|_| world.get(PATH))).await;
    for answer in &answers {
        assert_eq!(answer.model_statuses(), ["found"; 10]);
    }
    println!("200 identical requests for 10 models: {} calls", world.catalog.calls_total());
    assert_eq!(world.catalog.calls_total(), 10);
    let asked =
        cached(&world, "miss").await + cached(&world, "coalesced").await + cached(&world, "hit").await;
    assert_eq!((asked, cached(&world, "miss").await), (2000, 10));
}

#[tokio::test]
async fn a_model_whose_time_is_up_is_shown_while_it_is_asked_for_again() {
    let world = with_models(1, &STALE).await;
    let cold = world.get(PATH).await;
    world.catalog.behave(Behaviour::slow(Duration::from_secs(2)));
    let stale = world.get(PATH).await;
    assert_eq!(stale.text, cold.text);
    assert!(stale.took < Duration::from_secs(1), "nobody waits for it: {:?}", stale.took);
    until_calls(&world, 2).await;
    world.get(PATH).await;
    assert_eq!(world.catalog.calls_total(), 2, "it is being asked for already");
    assert_eq!(cached(&world, "stale").await, 2);
}

#[tokio::test]
async fn what_a_refresh_brings_is_shown_from_then_on() {
    let world = with_models(1, &STALE).await;
    world.get(PATH).await;
    let body = r#"{"model": {"name": "Another vase"}}"#.to_owned();
    let content_type = "application/json".to_owned();
    world.catalog.behave(Behaviour::reply(Reply::Other { status: 200, content_type, body }));
    let shown = || async {
        let item = &world.get(PATH).await.orders()[0];
        (item["model_details"]["name"] == "Another vase").then_some(())
    };
    wait::until("the new name is shown", PATIENCE, shown).await.expect("shown");
}

#[tokio::test]
async fn a_catalog_that_fails_takes_nothing_away_that_is_remembered() {
    let world = with_models(3, &STALE).await;
    let before = world.get(PATH).await;
    for reply in [Reply::ServerError, Reply::Garbage, Reply::Html, Reply::WrongTypes] {
        world.catalog.behave(Behaviour::reply(reply));
        world.catalog.forget_calls();
        assert_eq!(world.get(PATH).await.text, before.text);
        until_calls(&world, 3).await;
    }
    assert_eq!(world.get(PATH).await.text, before.text);
}

#[tokio::test]
async fn a_model_that_is_gone_is_missing_after_its_refresh() {
    let world = with_models(1, &STALE).await;
    assert_eq!(world.get(PATH).await.model_statuses(), ["found"]);
    world.catalog.behave(Behaviour::reply(Reply::NotFound));
    let shown = || async { (world.get(PATH).await.model_statuses() == ["missing"]).then_some(()) };
    wait::until("it is missing", PATIENCE, shown).await.expect("missing");
}

#[tokio::test]
async fn a_catalog_with_tags_is_asked_whether_it_is_still_so() {
    let world = with_models(1, &STALE).await;
    world.catalog.behave(Behaviour { etag: true, ..Behaviour::default() });
    let cold = world.get(PATH).await;
    assert_eq!(world.get(PATH).await.text, cold.text);
    until_calls(&world, 2).await;
    let headers = world.catalog.headers(&model_id(1));
    assert!(headers[0].get("if-none-match").is_none());
    assert!(headers[1].get("if-none-match").is_some());
    let unchanged = "catalog_requests_total{outcome=\"unchanged\"} 1";
    let counted = || async { world.service.ops("/metrics").await.text.contains(unchanged).then_some(()) };
    wait::until("the answer is counted", PATIENCE, counted).await.expect("counted");
    assert_eq!(world.get(PATH).await.text, cold.text);
}

#[tokio::test]
async fn that_there_is_no_such_model_is_remembered_for_a_while() {
    let world = with_models(5, &[]).await;
    world.catalog.behave(Behaviour::reply(Reply::NotFound));
    assert_eq!(world.get(PATH).await.model_statuses(), ["missing"; 5]);
    assert_eq!(world.get(PATH).await.model_statuses(), ["missing"; 5]);
    assert_eq!(world.catalog.calls_total(), 5);
    assert_eq!(cached(&world, "negative").await, 5);

    let forgetful = with_models(5, &[("catalog.cache.missing_seconds", "0")]).await;
    forgetful.catalog.behave(Behaviour::reply(Reply::NotFound));
    forgetful.get(PATH).await;
    forgetful.get(PATH).await;
    assert_eq!(forgetful.catalog.calls_total(), 10);
}

#[tokio::test]
async fn a_failure_is_never_remembered() {
    let world = with_models(3, &[]).await;
    world.catalog.behave(Behaviour::reply(Reply::ServerError));
    assert_eq!(world.get(PATH).await.model_statuses(), ["unavailable"; 3]);
    world.catalog.behave(Behaviour::default());
    assert_eq!(world.get(PATH).await.model_statuses(), ["found"; 3]);
}

#[tokio::test]
async fn a_look_up_outlives_its_page_and_the_next_page_finds_what_it_brought() {
    let world = with_models(3, &[("catalog.page_deadline_ms", "100")]).await;
    world.catalog.behave(Behaviour::slow(Duration::from_millis(500)));
    assert_eq!(world.get(PATH).await.model_statuses(), ["unavailable"; 3]);
    let found = || async { (world.get(PATH).await.model_statuses() == ["found"; 3]).then_some(()) };
    wait::until("the models are there", PATIENCE, found).await.expect("found");
    assert_eq!(world.catalog.calls_total(), 3);
}

#[tokio::test]
async fn a_cache_without_room_remembers_nothing() {
    let world = with_models(3, &[("catalog.cache.bytes_max", "0")]).await;
    for _ in 0..2 {
        assert_eq!(world.get(PATH).await.model_statuses(), ["found"; 3]);
    }
    assert_eq!(world.catalog.calls_total(), 6);
}
