//! One migrator at a time, and words for whoever waits.

use std::time::Duration;

use migrator::migrate::lock::LockError;
use migrator::migrate::{ChangeError, ChangeOptions, up};
use sqlx::query_scalar;
use testkit::{Role, TestDatabase};

use crate::support::run;

/// The key that every migrator takes; a test that spells it out notices when it changes, and old and new would no longer meet.
const KEY: i64 = 27_431_051_700_299_122;

#[tokio::test]
async fn a_held_lock_is_told_with_its_holder_and_how_to_end_it() {
    let database = TestDatabase::empty().await.expect("a database");
    let mut holder = database.connect(Role::Admin).await.expect("connected");
    run(&mut holder, &format!("SET application_name = 'somebody'; SELECT pg_advisory_lock({KEY})"))
        .await
        .expect("held");
    let pid: i32 = query_scalar("SELECT pg_backend_pid()").fetch_one(&mut holder).await.expect("a number");

    let mut options = ChangeOptions::embedded().expect("the embedded files");
    options.deadline = Duration::from_millis(300);
    let error = up(&database.options(Role::Admin), &options).await.expect_err("the lock is held");
    let ChangeError::Lock(error @ LockError::Held { .. }) = error else { panic!("{error}") };
    let words = error.to_string();
    for part in [
        format!("pid {pid}"),
        "'somebody'".to_owned(),
        "since 2".to_owned(),
        format!("SELECT pg_terminate_backend({pid});"),
    ] {
        assert!(words.contains(&part), "{part} is missing in: {words}");
    }

    drop(holder);
    options.deadline = Duration::from_secs(30);
    up(&database.options(Role::Admin), &options).await.expect("the lock ends with its session");
}

#[tokio::test]
async fn a_lock_that_is_taken_away_stops_the_next_file() {
    let database = TestDatabase::empty().await.expect("a database");
    let give_away = format!("SELECT pg_advisory_unlock({KEY});");
    let options = crate::support::files(&[
        ("0001_a.expand.sql", give_away.as_str()),
        ("0002_b.expand.sql", "CREATE TABLE atelier.b (n int);"),
    ]);
    let error = up(&database.options(Role::Admin), &options).await.expect_err("the lock is gone");
    assert!(matches!(error, ChangeError::Lock(LockError::Lost)), "{error}");
    let mut admin = database.connect(Role::Admin).await.expect("connected");
    let there: bool = query_scalar("SELECT to_regclass('atelier.b') IS NOT NULL")
        .fetch_one(&mut admin)
        .await
        .expect("an answer");
    assert!(!there, "a file ran without the lock");
}
