//! What an adoption refuses, with which exit code, and that it writes nothing into the old database.

use std::process::{Command, Output};

use migrator::migrate::AdoptError;
use sqlx::query_scalar;
use testkit::{Role, TestDatabase};

use super::old::{Old, adopt};
use crate::support::{empty, migrated, run};

fn said(database: &TestDatabase, args: &[&str]) -> (Option<i32>, String) {
    let csv = std::env::temp_dir().join(format!("refused-{}-{}.csv", std::process::id(), database.name()));
    let Output { status, stderr, .. } = Command::new(env!("CARGO_BIN_EXE_migrator"))
        .arg("adopt")
        .args(args)
        .arg("--csv")
        .arg(csv)
        .env_clear()
        .env("ATELIER_DATABASE__URL", database.url(Role::Owner))
        .env("ATELIER_MIGRATIONS__DEADLINE_MS", "300")
        .output()
        .expect("the binary runs");
    (status.code(), String::from_utf8_lossy(&stderr).into_owned())
}

#[track_caller]
fn assert_said((code, told): (Option<i32>, String), expected: i32, part: &str) {
    assert_eq!(code, Some(expected), "{told}");
    assert!(told.contains(part), "{part} is missing in {told}");
    assert!(!told.contains("verysecret"), "{told}");
}

#[tokio::test]
async fn mistakes_are_told_before_anything_is_done() {
    let mut old = Old::of(5).await;
    let (database, mut admin) = migrated(Role::Admin).await;
    let from = old.database.url(Role::Admin);
    assert_said(said(&database, &[]), 64, "--from");
    assert_said(said(&database, &["--from", "nonsense"]), 64, "address");
    let far = "postgres://u:verysecret@db.example.com/old?sslmode=prefer";
    assert_said(said(&database, &["--from", far]), 64, "--allow-plaintext");
    let port = testkit::wait::free_port().expect("a port").to_string();
    let away = format!("postgres://u:verysecret@127.0.0.1:{port}/old");
    assert_said(said(&database, &["--from", &away]), 75, "old database");
    assert_said(said(&database, &["--from", &from, "--time-zone", "CET/Nowhere"]), 64, "no time zone");
    assert_said(said(&database, &["--from", &from, "--schema", "other"]), 64, "orders.order_id is missing");
    old.run("ALTER TABLE orders ALTER COLUMN order_id TYPE text").await;
    assert_said(
        said(&database, &["--from", &from]),
        64,
        "orders.order_id is text instead of smallint or integer",
    );
    old.run("ALTER TABLE orders ALTER COLUMN order_id TYPE integer USING order_id::integer").await;

    run(&mut admin, "SELECT pg_advisory_lock(x'61646f707473'::bigint)").await.expect("another one's lock");
    assert_said(said(&database, &["--from", &from]), 75, "pg_terminate_backend");
    run(&mut admin, "SELECT pg_advisory_unlock_all()").await.expect("unlocked");
    let (bare, _) = empty().await;
    assert_said(said(&bare, &["--from", &from]), 1, "migrator up");
    let none: i64 =
        query_scalar("SELECT count(*) FROM atelier.orders").fetch_one(&mut admin).await.expect("a number");
    assert_eq!(none, 0);
}

#[tokio::test]
async fn an_adoption_goes_on_with_the_same_database_and_choices_only() {
    let (old, other) = (Old::of(10).await, Old::of(20).await);
    let (database, _admin) = migrated(Role::Admin).await;
    adopt(&database, &old.how()).await.expect("adopted");
    let mut how = old.how();
    how.time_zone = "Europe/Berlin".to_owned();
    let error = adopt(&database, &how).await.expect_err("other choices");
    assert!(matches!(error, AdoptError::OtherChoices { .. }), "{error}");
    let error = adopt(&database, &other.how()).await.expect_err("another database");
    assert!(matches!(error, AdoptError::AnotherSource { .. }), "{error}");
    let mut how = other.how();
    how.moved = true;
    let (done, _) = adopt(&database, &how).await.expect("somebody says that it only moved");
    assert_eq!((done.adopted, done.unchanged), (10, 10));
}

#[tokio::test]
async fn a_login_that_may_only_read_is_enough_and_one_that_may_write_does_not() {
    let mut old = Old::of(1000).await;
    let (database, _admin) = migrated(Role::Admin).await;
    let all = "SELECT md5(string_agg(line, ',' ORDER BY line)) FROM (
        SELECT concat_ws(' ', o.ctid, o.xmin, o.xmax, o::text) AS line FROM public.orders AS o
        UNION ALL SELECT concat_ws(' ', c.ctid, c.xmin, c.xmax, c::text) FROM public.customs AS c
        UNION ALL SELECT relname || relnatts FROM pg_class
    ) AS lines";
    let before: String = query_scalar(all).fetch_one(&mut old.admin).await.expect("a hash");
    adopt(&database, &old.how()).await.expect("as a superuser");
    let after: String = query_scalar(all).fetch_one(&mut old.admin).await.expect("a hash");
    assert_eq!(after, before);

    // The reader of the tests has no right in this database but what is given here.
    let reader = old.database.user(Role::Reader).to_owned();
    old.run(&format!("GRANT SELECT ON orders, customs TO {reader}; INSERT INTO orders (order_id, requester_id, created_by) VALUES (2000, 'u', 'm')")).await;
    let mut how = old.how();
    how.from = old.database.options(Role::Reader);
    let (done, _) = adopt(&database, &how).await.expect("as a reader");
    assert_eq!(done.adopted, 1);
}
