//! Answers to creates get lost on their way, and whoever sends them again with the same key gets one order a key.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use futures_util::{StreamExt, stream};
use reqwest::Method;
use serde_json::json;
use testkit::Role;
use testkit::proxy::{Link, Proxy};

use crate::support::{Answer, App, BUYER, Instance, MAKER, PATIENT};

const CREATES: usize = 10_000;
/// One answer in twenty.
const LOST_PER_MILLE: u32 = 50;
const SEED: u64 = 20_260_101;
/// As many as a busy shop's clients: enough to use both sides fully, few enough that none waits for its deadline.
const AT_ONCE: usize = 16;

/// A key, and what became of it.
struct Made {
    key: String,
    order_id: i64,
    answers_lost: usize,
}

/// One attempt; `None` where its answer was lost.
async fn attempt(instance: &Instance, key: &str) -> Option<Answer> {
    let body = json!({"requester_id": BUYER, "created_by": MAKER, "cost_final": 12.5, "custom_params": {"key": key}});
    let request = instance.request(Method::POST, "/orders").header("idempotency-key", key);
    Answer::attempt(request.body(body.to_string())).await.ok()
}

/// The id in an answer, which must say whether the order was there already.
#[track_caller]
fn order_id(answer: &Answer, replayed: bool) -> i64 {
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.header("idempotency-replayed"), replayed.then_some("true"), "{answer:?}");
    answer.order()["order_id"].as_i64().expect("an id")
}

/// Sends a create until it is answered. An answer is only lost once it was given, so every repeat is one.
async fn create(instance: &Instance, number: usize) -> Made {
    let key = format!("create-{number}");
    for answers_lost in 0..20 {
        if let Some(answer) = attempt(instance, &key).await {
            let order_id = order_id(&answer, answers_lost > 0);
            return Made { key, order_id, answers_lost };
        }
    }
    panic!("{key}: twenty answers in a row were lost");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_creates_with_one_answer_in_twenty_lost_make_ten_thousand_orders() {
    let app = App::start_with(&PATIENT).await;
    let proxy = Proxy::start(&app.address.ip().to_string(), app.address.port()).await.expect("a proxy");
    proxy.set(Link::LosesAnswers { per_mille: LOST_PER_MILLE, seed: SEED });
    let beyond = Instance::at(proxy.address(), app.ops_address);
    let began = Instant::now();
    let made: Vec<Made> = stream::iter(0..CREATES)
        .map(|number| create(&beyond, number))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let seconds = began.elapsed().as_secs_f64();

    let retries: usize = made.iter().map(|made| made.answers_lost).sum();
    let replays: f64 = app.series("idempotent_replays_total").await.iter().map(|(_, value)| value).sum();
    let mut reader = app.database.connect(Role::Reader).await.expect("the reader");
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM atelier.orders")
        .fetch_one(&mut reader)
        .await
        .expect("a count");
    println!(
        "{CREATES} creates, {} answers lost, {retries} retries, {replays} replays, {rows} rows, {seconds:.1} s",
        proxy.cuts()
    );
    assert!(retries > CREATES / 40, "hardly anything was lost");
    assert_eq!(retries, proxy.cuts(), "each answer that was lost was asked for again, and nothing else");
    assert_eq!(rows, 10_000);

    let answered: HashMap<String, i64> = made.iter().map(|made| (made.key.clone(), made.order_id)).collect();
    let distinct: HashSet<i64> = answered.values().copied().collect();
    assert_eq!((answered.len(), distinct.len()), (CREATES, CREATES), "a key an order, an order a key");
    let kept: Vec<(String, i64)> = sqlx::query_as("SELECT key, order_id FROM atelier.idempotency_keys")
        .fetch_all(&mut reader)
        .await
        .expect("the keys");
    assert_eq!(
        kept.into_iter().collect::<HashMap<_, _>>(),
        answered,
        "each key belongs to the order it was told"
    );

    proxy.set(Link::Sound);
    let repeats = made.iter().filter(|made| made.answers_lost > 0).map(|made| {
        let beyond = &beyond;
        async move {
            let again = attempt(beyond, &made.key).await.expect("an answer");
            assert_eq!(order_id(&again, true), made.order_id, "{}", made.key);
        }
    });
    stream::iter(repeats).buffer_unordered(AT_ONCE).collect::<()>().await;
    app.finish().await;
}
