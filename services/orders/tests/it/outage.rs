//! The database away, silent, cut, or not yet what it should be: the service says so, in time, and comes back by itself.

use std::time::Duration;

use futures_util::future::join_all;
use migrator::migrate::{ChangeOptions, up};
use serde_json::json;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection};
use testkit::database::{OWNER, READER, WRITER, roles};
use testkit::postgres::{PostgresServer, SUPERUSER, ServerOptions, StopMode};
use testkit::proxy::{Link, Proxy};
use testkit::{Role, TestDatabase, wait};

use crate::fixtures::{Row, insert, insert_as, order};
use crate::support::{Answer, PATIENCE, Service, World};

const NO_CATALOG: &str = "http://127.0.0.1:9/catalog";

/// How soon an outage must be told, and how soon it must be forgotten.
const TOLD: Duration = Duration::from_secs(2);
const HEALED: Duration = Duration::from_secs(5);

/// A server of this test's own, migrated, with one order.
async fn own_server() -> (PostgresServer, String) {
    let server = PostgresServer::start(ServerOptions::tests(), &mut |_| {}).await.expect("a server");
    let mut admin =
        PgConnection::connect_with(&server.options(SUPERUSER, "postgres")).await.expect("connected");
    sqlx::raw_sql(AssertSqlSafe(roles().script("postgres"))).execute(&mut admin).await.expect("the logins");
    let mut options = ChangeOptions::embedded().expect("migrations");
    options.roles = Some(roles());
    up(&server.options(OWNER, "postgres"), &options).await.expect("migrated");
    insert_as(&server.options(WRITER, "postgres"), &[order(1)]).await;
    // Nothing is forced to disk here, so what a crash must not lose is written before the first one.
    sqlx::raw_sql("CHECKPOINT").execute(&mut admin).await.expect("written");
    let url = format!("postgres://{READER}@127.0.0.1:{}/postgres?sslmode=disable", server.port());
    (server, url)
}

#[track_caller]
fn assert_away(answer: &Answer) {
    answer.assert_problem(503, "database_unavailable");
    let seconds: u64 = answer.header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert_eq!(answer.json()["retry_after_seconds"], seconds);
    assert!(answer.took < TOLD, "{:?}", answer.took);
}

async fn works_again(service: &Service, deadline: Duration) {
    wait::until("lists are answered again", deadline, || async {
        (service.get("/orders/user/ada").await.status == 200).then_some(())
    })
    .await
    .expect("it comes back by itself");
}

/// Waits until `/readyz` says `word`.
async fn readiness(service: &Service, word: &str) -> Answer {
    wait::until(word, PATIENCE, || async {
        let answer = service.ops("/readyz").await;
        (answer.json()["status"] == word).then_some(answer)
    })
    .await
    .expect("the readiness changes")
}

#[tokio::test]
async fn while_the_database_is_stopped_lists_are_503_and_afterwards_they_work() {
    let (mut server, url) = own_server().await;
    let service = Service::start(&url, NO_CATALOG, &[]).await;
    works_again(&service, HEALED).await;
    assert_eq!(readiness(&service, "ready").await.status, 200);

    server.stop(StopMode::Immediate).await.expect("stopped");
    for answer in join_all((0..8).map(|_| service.get("/orders/user/ada"))).await {
        assert_away(&answer);
    }
    let degraded = readiness(&service, "degraded").await;
    assert_eq!(degraded.status, 200, "an outage takes nobody out of the balancer");
    assert_eq!(degraded.json()["conditions"]["database"]["status"], "degraded");
    assert_eq!(service.ops("/livez").await.status, 200);
    assert_away(&service.get("/orders/created_by/maren?status=all").await);

    server.start_again(&mut |_| {}).await.expect("started");
    works_again(&service, HEALED).await;
    assert_eq!(service.get("/orders/user/ada").await.ids(), [1]);
    assert_eq!(readiness(&service, "ready").await.status, 200);
}

#[tokio::test]
async fn started_without_a_database_it_is_alive_and_becomes_ready_when_one_comes() {
    let (mut server, url) = own_server().await;
    server.stop(StopMode::Fast).await.expect("stopped");
    let service = Service::start(&url, NO_CATALOG, &[]).await;
    assert_eq!(service.ops("/livez").await.status, 200);
    let unready = service.ops("/readyz").await;
    assert_eq!((unready.status, &unready.json()["status"]), (503, &json!("unready")));
    let reason = unready.json()["conditions"]["database"]["reason"].as_str().map(str::to_owned);
    assert!(reason.is_some_and(|reason| !reason.is_empty()), "{}", unready.text);
    assert_away(&service.get("/orders/user/ada").await);

    server.start_again(&mut |_| {}).await.expect("started");
    works_again(&service, HEALED).await;
    assert_eq!(readiness(&service, "ready").await.status, 200);
}

#[tokio::test]
async fn a_database_that_was_not_migrated_is_waited_for() {
    let database = TestDatabase::empty().await.expect("a database");
    let service = Service::start(&database.url(Role::Reader), NO_CATALOG, &[]).await;
    let unready = wait::until("the schema is missed", PATIENCE, || async {
        let answer = service.ops("/readyz").await;
        answer.text.contains("migrator").then_some(answer)
    })
    .await
    .expect("the reason says what to do");
    assert_eq!(unready.status, 503);
    assert_away(&service.get("/orders/user/ada").await);

    let mut admin = database.connect(Role::Admin).await.expect("connected");
    sqlx::raw_sql(AssertSqlSafe(roles().script(database.name())))
        .execute(&mut admin)
        .await
        .expect("the logins");
    let mut options = ChangeOptions::embedded().expect("migrations");
    options.roles = Some(roles());
    up(&database.options(Role::Owner), &options).await.expect("migrated");
    works_again(&service, HEALED).await;
    assert_eq!(readiness(&service, "ready").await.status, 200);
}

#[tokio::test]
async fn the_readers_rights_are_enough_and_connections_are_as_many_as_configured() {
    let world = World::with(&[("database.read_connections", "3")]).await;
    insert(&world.database, &[order(1)]).await;
    assert_eq!(readiness(&world.service, "ready").await.status, 200);
    for answer in join_all((0..50).map(|_| world.get("/orders/user/ada"))).await {
        assert_eq!(answer.ids(), [1]);
    }
    let mut admin = world.database.connect(Role::Admin).await.expect("connected");
    let seen: Vec<(String, String)> = sqlx::query_as(
        "SELECT usename::text, application_name FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()
         AND usename <> $2",
    )
    .bind(world.database.name())
    .bind(WRITER)
    .fetch_all(&mut admin)
    .await
    .expect("the activity");
    assert_eq!(seen.len(), 3, "{seen:?}");
    assert!(seen.iter().all(|(user, name)| user == READER && name.starts_with("atelier/orders")), "{seen:?}");
}

/// A service whose database is behind a proxy, with 200 orders of 4 kB each.
async fn behind_a_proxy() -> (TestDatabase, Proxy, Service) {
    let database = TestDatabase::create().await.expect("a database");
    let large = json!({ "text": "x".repeat(4000) });
    let orders: Vec<Row> = (1..=200).map(|id| Row { custom_params: large.clone(), ..order(id) }).collect();
    insert(&database, &orders).await;
    let proxy = Proxy::start(database.host(), database.port()).await.expect("a proxy");
    let keys = [("database.read_connections", "1")];
    let url = database.url_through(Role::Reader, proxy.address());
    let service = Service::start(&url, NO_CATALOG, &keys).await;
    works_again(&service, PATIENCE).await;
    // Before the first contact of the schema gate, too, an outage would be `unready`.
    readiness(&service, "ready").await;
    (database, proxy, service)
}

#[tokio::test]
async fn a_connection_cut_in_mid_answer_never_gives_a_part_of_the_list_and_the_list_is_asked_for_again() {
    let (_database, proxy, service) = behind_a_proxy().await;
    let whole: Vec<i64> = (1..=200).rev().collect();
    for bytes in [0, 5_000, 100_000, 400_000, 700_000] {
        let cuts = proxy.cuts();
        proxy.set(Link::CutAfter(bytes));
        // The schema gate shares the connection and may be the one whom the cut meets: ask until something met it.
        wait::until("an answer meets the cut", PATIENCE, || async {
            let answer = service.get("/orders/user/ada?limit=200").await;
            assert_eq!((answer.status, answer.ids()), (200, whole.clone()), "cut after {bytes} bytes");
            (proxy.cuts() > cuts).then_some(())
        })
        .await
        .expect("cut");
    }
}

#[tokio::test]
async fn a_link_that_falls_silent_is_given_up_in_time_and_found_again() {
    let (_database, proxy, service) = behind_a_proxy().await;
    for link in [Link::Silent, Link::Forgotten] {
        proxy.set(link);
        for answer in join_all((0..5).map(|_| service.get("/orders/user/ada"))).await {
            assert_away(&answer);
        }
        assert_eq!(readiness(&service, "degraded").await.status, 200);
        assert_eq!(service.ops("/livez").await.status, 200);
        proxy.set(Link::Sound);
        works_again(&service, HEALED).await;
    }
    assert_eq!(service.get("/orders/user/ada?limit=200").await.ids().len(), 200);
}

#[tokio::test]
async fn more_lists_than_may_wait_are_told_at_once_to_come_again() {
    let (database, proxy, _) = behind_a_proxy().await;
    let url = database.url_through(Role::Reader, proxy.address());
    let keys = [("database.read_connections", "1"), ("database.queue_items_max", "2")];
    let service = Service::start(&url, NO_CATALOG, &keys).await;
    works_again(&service, PATIENCE).await;
    proxy.set(Link::Silent);
    let answers = join_all((0..20).map(|_| service.get("/orders/user/ada"))).await;
    let shed = answers.iter().filter(|answer| answer.json()["code"] == "overloaded").count();
    assert!(shed >= 15, "{shed} of 20 were shed");
    for answer in answers {
        assert_eq!(answer.status, 503);
        assert!(!answer.header("retry-after").is_empty());
        assert!(answer.took < TOLD, "{:?}", answer.took);
    }
}
