//! The number of series is known beforehand: nothing that a caller sends adds one.

use futures_util::StreamExt;
use futures_util::stream;
use reqwest::Method;
use serde_json::json;

use crate::support::{App, BUYER, Instance};

/// How many different things are sent.
const REQUESTS: usize = 10_000;

/// The series, without those of the process.
async fn series(instance: &Instance) -> Vec<String> {
    let (_, text) = instance.ops("/metrics").await;
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.starts_with("process_"));
    lines.map(|line| line.rsplit_once(' ').expect("a sample").0.to_owned()).collect()
}

/// The nth request of a kind: its path, its id, its method, its query, its user, whatever a caller chooses.
async fn send(instance: &Instance, n: usize) {
    let answer = match n % 8 {
        0 => instance.get(&format!("/orders/{}/status", 1_000_000 + n)).await,
        1 => instance.get(&format!("/nothing/{n}/{n}?{n}={n}")).await,
        2 => instance.send(Method::from_bytes(format!("BREW{n}").as_bytes()).unwrap(), "/orders", "").await,
        3 => instance.get(&format!("/orders/none-{n}/status")).await,
        4 => {
            let mv = json!({"state_type": format!("state-{n}"), "new_value": true, "user_id": BUYER});
            instance.put(1, &mv).await
        }
        5 => instance.get(&format!("/orders/{}/history?after=cursor-{n}", 1_000_000 + n)).await,
        6 => instance.post(&json!({"requester_id": BUYER, "created_by": "m", format!("field_{n}"): 1})).await,
        _ => {
            let mv = json!({"state_type": "requested", "new_value": true, "user_id": format!("user-{n}")});
            instance.put(1_000_000 + i64::try_from(n).unwrap(), &mv).await
        }
    };
    // A create takes fields that it does not know; everything else is refused, by one guard or another.
    let expected = if n % 8 == 6 { 201..202 } else { 400..500 };
    assert!(expected.contains(&answer.status), "{n}: {answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_urls_ids_methods_and_names_add_no_series() {
    let app = App::start().await;
    for n in 0..8 {
        send(&app, n).await;
    }
    let before = series(&app).await;
    stream::iter(8..REQUESTS).for_each_concurrent(16, |n| send(&app, n)).await;
    assert_eq!(series(&app).await, before);
}
