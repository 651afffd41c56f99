//! Callers of all kinds: readers at a fixed rate, whoever else waits for an answer; somebody who looks at lists; and people who walk
//! orders to paid, repeating themselves, asking too early, for what is not there, and without a token. What they are answered is
//! theirs to bear.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use testkit::catalog::demo;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::system::System;

/// Between two reads of a status.
const READ_PERIOD: Duration = Duration::from_millis(10);
/// Between two lists.
const LIST_PERIOD: Duration = Duration::from_millis(50);
/// Between two requests of one person.
const STEP_PERIOD: Duration = Duration::from_millis(40);
const PEOPLE: u32 = 4;
const READS_AT_ONCE_MAX: usize = 256;

/// Callers who go on until this value is dropped.
pub(crate) struct Load {
    _callers: JoinSet<()>,
}

impl Load {
    pub(crate) fn start(system: &Arc<System>) -> Self {
        let mut callers = JoinSet::new();
        let newest = Arc::new(AtomicI64::new(1));
        callers.spawn(read(Arc::clone(system), Arc::clone(&newest)));
        callers.spawn(list(Arc::clone(system)));
        for person in 0..PEOPLE {
            callers.spawn(walk_on_and_on(Arc::clone(system), person, Arc::clone(&newest)));
        }
        Self { _callers: callers }
    }
}

/// One order's status after the other, whether or not those before were answered.
async fn read(system: Arc<System>, newest: Arc<AtomicI64>) {
    let mut ticks = interval(READ_PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let places = Arc::new(Semaphore::new(READS_AT_ONCE_MAX));
    let mut readers = JoinSet::new();
    for number in 0_i64.. {
        ticks.tick().await;
        while readers.try_join_next().is_some() {}
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let order_id = 1 + number % newest.load(Ordering::Relaxed);
        let url = format!("http://{}/orders/{order_id}/status", system.order_status()[0]);
        let request = system.client.get(url);
        readers.spawn(async move {
            let _ = request.send().await;
            drop(place);
        });
    }
}

async fn list(system: Arc<System>) {
    let mut ticks = interval(LIST_PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let url = format!("http://{}/orders/created_by/maren?limit=20", system.orders()[0]);
        send(&system, Method::GET, &url, &Value::Null).await;
    }
}

async fn walk_on_and_on(system: Arc<System>, person: u32, newest: Arc<AtomicI64>) {
    let mut ticks = interval(STEP_PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for number in 0.. {
        let key = format!("walk-{person}-{number}");
        let order = json!({
            "requester_id": "ada", "created_by": "maren", "model_id": demo::model_id(1 + number % 12), "cost_final": 12.5,
        });
        ticks.tick().await;
        let Some(order_id) = create(&system, &key, &order).await else { continue };
        newest.fetch_max(order_id, Ordering::Relaxed);
        for (method, base, path, body) in steps(&system, order_id) {
            ticks.tick().await;
            send(&system, method, &format!("http://{base}{path}"), &body).await;
        }
        ticks.tick().await;
        create(&system, &key, &order).await;
    }
}

/// What a person does with an order, and around it.
fn steps(system: &System, order_id: i64) -> Vec<(Method, std::net::SocketAddr, String, Value)> {
    let ([order_status, guarded], [orders, guarded_orders]) = (system.order_status(), system.orders());
    let get = |base, path: &str| (Method::GET, base, path.to_owned(), Value::Null);
    let move_by = |who: &str, name: &str, state_type: &str| {
        let body = json!({ "state_type": state_type, "new_value": true, who: name });
        (Method::PUT, order_status, format!("/orders/{order_id}/update"), body)
    };
    vec![
        move_by("user_id", "ada", "paid"),
        move_by("user_id", "ada", "requested"),
        move_by("username", "maren", "accepted"),
        move_by("user_id", "stranger", "alert"),
        get(order_status, &format!("/orders/{order_id}/history")),
        move_by("username", "maren", "completed"),
        get(order_status, "/orders/999999999/status"),
        move_by("user_id", "ada", "paid"),
        move_by("user_id", "ada", "paid"),
        get(orders, "/orders/user/ada?limit=20"),
        (Method::POST, order_status, "/orders/".to_owned(), json!({ "requester_id": 7 })),
        get(guarded, &format!("/orders/{order_id}/status")),
        get(guarded_orders, "/orders/user/ada"),
    ]
}

/// The new order's id; `None` where there is none.
async fn create(system: &System, key: &str, order: &Value) -> Option<i64> {
    let url = format!("http://{}/orders/", system.order_status()[0]);
    let request =
        system.client.post(url).header("idempotency-key", key).header("content-type", "application/json");
    let answer = request.body(order.to_string()).send().await.ok()?;
    if answer.status() != StatusCode::CREATED {
        return None;
    }
    let body: Value = serde_json::from_str(&answer.text().await.ok()?).ok()?;
    body["order"]["order_id"].as_i64()
}

async fn send(system: &System, method: Method, url: &str, body: &Value) {
    let mut request = system.client.request(method, url);
    if !body.is_null() {
        request = request.header("content-type", "application/json").body(body.to_string());
    }
    let _ = request.send().await;
}
