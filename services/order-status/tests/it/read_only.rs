//! `database.read_only`: writes are refused in words while reads go on, and the switch works while the service runs.

use serde_json::json;

use testkit::{Role, TestDatabase};

use crate::support::{Answer, App, BUYER, Instance, MAKER, PATIENCE, settings};

#[track_caller]
fn assert_read_only(answer: &Answer) {
    assert_eq!((answer.status, &answer.json()["code"]), (503, &json!("read_only")), "{answer:?}");
    assert_eq!(answer.header("retry-after"), Some("30"));
}

#[tokio::test]
async fn writes_are_refused_while_reads_go_on_until_it_is_switched_off() {
    let app = App::start().await;
    let order = app.order().await;

    let (status, report) = app.set_read_only(true).await;
    assert_eq!((status, &report["conditions"]["writes"]["status"]), (200, &json!("degraded")), "{report}");
    assert_read_only(&app.post(&json!({"requester_id": BUYER, "created_by": MAKER})).await);
    assert_read_only(&app.buyer(order, "requested", true).await);
    assert_eq!(app.status(order).await.json()["version"], 1, "reads go on, and nothing was changed");
    assert_eq!(app.readyz().await.0, 200, "traffic is still best sent here");

    let (status, report) = app.set_read_only(false).await;
    assert_eq!((status, &report["status"]), (200, &json!("ready")), "{report}");
    assert_eq!(app.buyer(order, "requested", true).await.status, 200);
    app.finish().await;
}

#[tokio::test]
async fn it_can_be_configured_from_the_start() {
    let database = TestDatabase::create().await.expect("a database");
    let on = [("ATELIER_DATABASE__READ_ONLY", "true")];
    let instance = Instance::start(&settings(&database.url(Role::Writer), &on)).await;
    instance
        .until_readyz("ready but degraded", PATIENCE, |status, report| {
            status == 200 && report["conditions"]["database"]["status"] == "ok"
        })
        .await;
    assert_read_only(&instance.post(&json!({"requester_id": BUYER, "created_by": MAKER})).await);
}
