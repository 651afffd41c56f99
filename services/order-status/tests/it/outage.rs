//! The database goes, comes back, comes late, comes without a schema or with one that is too new.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Executor};
use testkit::postgres::{SUPERUSER, ServerOptions, StopMode};
use testkit::{Role, TestDatabase, wait};

use crate::support::{App, BUYER, Instance, MAKER, PATIENCE, own_server, settings};

const ANSWERED_WITHIN: Duration = Duration::from_secs(2);
const BACK_WITHIN: Duration = Duration::from_secs(5);

fn reason(report: &Value) -> &str {
    report["conditions"]["database"]["reason"].as_str().unwrap_or_default()
}

/// Each kind of call is answered 503, with when to come again, in time.
async fn everything_is_503(instance: &Instance, order_id: i64) {
    let calls = ["read", "status", "history", "move", "create"].map(|call| async move {
        let started = Instant::now();
        let answer = match call {
            "read" => instance.get(&format!("/orders/{order_id}")).await,
            "status" => instance.status(order_id).await,
            "history" => instance.get(&format!("/orders/{order_id}/history")).await,
            "move" => instance.buyer(order_id, "requested", true).await,
            _ => instance.post(&json!({"requester_id": BUYER, "created_by": MAKER})).await,
        };
        let took = started.elapsed();
        let code = &answer.json()["code"];
        assert_eq!((answer.status, code), (503, &json!("database_unavailable")), "{call}: {answer:?}");
        assert!(answer.header("retry-after").is_some(), "{call}: {answer:?}");
        assert!(took < ANSWERED_WITHIN, "{call} took {took:?}");
    });
    join_all(calls).await;
}

async fn works_again(instance: &Instance) {
    let works = || async {
        let answer = instance.post(&json!({"requester_id": BUYER, "created_by": MAKER})).await;
        (answer.status == 201).then_some(())
    };
    wait::until("creates work again", BACK_WITHIN, works).await.expect("no restart is needed");
}

#[tokio::test]
async fn a_database_that_stops_is_503_and_degraded_and_one_that_comes_back_is_used_without_a_restart() {
    let mut server = own_server::start(ServerOptions::tests()).await;
    own_server::migrate(&server).await;
    let instance = Instance::start(&settings(&server.url("postgres"), &[])).await;
    instance.until_ready().await;
    let order_id = instance.order().await;

    for mode in [StopMode::Fast, StopMode::Immediate] {
        // Nothing is forced to disk here, so what an immediate stop must not lose is written first.
        let mut admin = <sqlx::PgConnection as sqlx::Connection>::connect(&server.url("postgres"))
            .await
            .expect("connected");
        admin.execute("CHECKPOINT").await.expect("written");
        server.stop(mode).await.expect("stopped");
        everything_is_503(&instance, order_id).await;
        let degraded = |status: u16, report: &Value| status == 200 && report["status"] == "degraded";
        instance.until_readyz("degraded", BACK_WITHIN, degraded).await;
        assert!(!reason(&instance.readyz().await.1).is_empty());
        assert_eq!(instance.ops("/livez").await.0, 200);
        everything_is_503(&instance, order_id).await;

        server.start_again(&mut |_| {}).await.expect("started again");
        works_again(&instance).await;
        assert_eq!(instance.status(order_id).await.json()["version"], 1, "the order is as it was");
        instance.until_ready().await;
    }
    let mut admin =
        <sqlx::PgConnection as sqlx::Connection>::connect(&server.url("postgres")).await.expect("connected");
    testkit::check_history_law(&mut admin).await.expect("the history law holds");
}

#[tokio::test]
async fn without_a_database_it_is_alive_and_un_ready_with_a_reason_and_ready_when_one_comes() {
    let port = wait::free_port().expect("a port");
    let url = format!("postgres://{SUPERUSER}@127.0.0.1:{port}/postgres?sslmode=disable");
    let instance = Instance::start(&settings(&url, &[])).await;
    assert_eq!(instance.ops("/livez").await.0, 200);
    instance
        .until_readyz("un-ready for want of a database", PATIENCE, |status, report| {
            status == 503 && report["status"] == "unready" && reason(report).contains("cannot be reached")
        })
        .await;
    everything_is_503(&instance, 1).await;

    let server = own_server::start(ServerOptions { port, ..ServerOptions::tests() }).await;
    own_server::migrate(&server).await;
    instance.until_ready().await;
    works_again(&instance).await;
}

#[tokio::test]
async fn a_database_that_is_not_migrated_un_readies_and_names_the_migrator_until_it_has_run() {
    let database = TestDatabase::empty().await.expect("a database");
    let instance = Instance::start(&settings(&database.url(Role::Writer), &[])).await;
    instance
        .until_readyz("un-ready for want of a schema", PATIENCE, |status, report| {
            status == 503 && reason(report).contains("migrator")
        })
        .await;
    assert_eq!(instance.ops("/livez").await.0, 200);
    everything_is_503(&instance, 1).await;

    let mut admin = database.connect(Role::Admin).await.expect("connected");
    let script = testkit::database::roles().script(database.name());
    sqlx::raw_sql(AssertSqlSafe(script)).execute(&mut admin).await.expect("the roles");
    own_server::migrate_split(&database.options(Role::Owner)).await;
    instance.until_ready().await;
    works_again(&instance).await;
    database.check_history_law().await.expect("the history law holds");
}

#[tokio::test]
async fn a_login_that_lacks_a_right_un_readies_and_says_which_until_it_has_it() {
    let database = TestDatabase::create().await.expect("a database");
    let of_orders = Instance::start(&settings(&database.url(Role::Reader), &[])).await;
    of_orders
        .until_readyz("un-ready with the other service's login", PATIENCE, |status, report| {
            status == 503 && reason(report).contains("INSERT on atelier.orders, UPDATE on atelier.orders")
        })
        .await;

    let instance = Instance::start(&settings(&database.url(Role::Writer), &[])).await;
    instance.until_ready().await;
    let mut owner = database.connect(Role::Owner).await.expect("the owner");
    owner.execute("REVOKE DELETE ON atelier.idempotency_keys FROM atelier_writer").await.expect("revoked");
    instance
        .until_readyz("un-ready for want of a right", PATIENCE, |status, report| {
            status == 503
                && reason(report).contains("lacks DELETE on atelier.idempotency_keys: run the migrator")
        })
        .await;
    owner.execute("GRANT DELETE ON atelier.idempotency_keys TO atelier_writer").await.expect("granted");
    instance.until_ready().await;
}

#[tokio::test]
async fn a_schema_that_asks_for_newer_builds_un_readies() {
    let app = App::start().await;
    let mut owner = app.database.connect(Role::Owner).await.expect("the owner");
    owner.execute("UPDATE atelier.schema_meta SET min_app_schema = 1000").await.expect("raised");
    app.until_readyz("un-ready for want of a newer build", PATIENCE, |status, report| {
        status == 503 && reason(report).contains("1000") && reason(report).contains("newer")
    })
    .await;
    assert_eq!(app.ops("/livez").await.0, 200);
    assert_eq!(app.series("schema_compatible").await, [("schema_compatible".to_owned(), 0.0)]);
    owner.execute("UPDATE atelier.schema_meta SET min_app_schema = 0").await.expect("lowered");
    app.until_ready().await;
    assert_eq!(app.series("schema_compatible").await, [("schema_compatible".to_owned(), 1.0)]);
}

#[tokio::test]
async fn a_backend_that_is_ended_fails_no_later_request() {
    let app = App::start().await;
    let order_id = app.order().await;
    let mut admin = app.database.connect(Role::Admin).await.expect("connected");
    for _ in 0..3 {
        admin
            .execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'atelier/order-status%' AND datname = current_database()")
            .await
            .expect("ended");
        let works = || async { (app.status(order_id).await.status == 200).then_some(()) };
        wait::until("reads work again", BACK_WITHIN, works).await.expect("reconnected");
    }
    works_again(&app).await;
    app.finish().await;
}
