//! `backfill`: bounded batches, each whole or not at all, begun again where it was ended, and in nobody's way.

use std::time::Duration;

use migrator::migrate::lock::LockError;
use migrator::migrate::{
    BackfillError, ChangeError, ChangeOptions, Filled, Window, backfill_until, plan, status, up,
};
use sqlx::{PgConnection, query_as, query_scalar};
use testkit::{Role, TestDatabase};

use crate::support::{CONNECTED, DEADLINE, WAITING, count, expanded, files, run};

const TABLE: (&str, &str) = ("0001_a.expand.sql", "CREATE TABLE atelier.a (n int PRIMARY KEY, m int);");
const FILL: (&str, &str) = (
    "0002_fill_a.expand.sql",
    "-- backfill: batch=10\n-- lock_timeout: 50ms\n-- Why: a test.\nUPDATE atelier.a SET m = n WHERE n IN (SELECT n FROM atelier.a WHERE m IS NULL ORDER BY n LIMIT $1);",
);

/// A table of so many rows, none of them filled.
async fn rows(count: i32) -> (TestDatabase, PgConnection, ChangeOptions) {
    let (database, mut admin, options) = expanded(&[TABLE, FILL]).await;
    run(&mut admin, &format!("INSERT INTO atelier.a SELECT generate_series(1, {count})"))
        .await
        .expect("rows");
    (database, admin, options)
}

async fn fill(database: &TestDatabase, options: &ChangeOptions) -> Result<Vec<Filled>, BackfillError> {
    backfill_until(&database.options(Role::Admin), options, None, Duration::ZERO, std::future::pending())
        .await
}

/// A call that is stopped in the pause after its first batch.
async fn one_batch(database: &TestDatabase, options: &ChangeOptions) -> Vec<Filled> {
    let one_is_done = async {
        testkit::wait::until("a batch is done", DEADLINE, || async {
            let mut other = database.connect(Role::Admin).await.ok()?;
            let done: i64 = query_scalar("SELECT count(*) FROM atelier.schema_meta_backfills")
                .fetch_one(&mut other)
                .await
                .ok()?;
            (done > 0).then_some(())
        })
        .await
        .expect("it runs");
    };
    backfill_until(&database.options(Role::Admin), options, Some("2"), Duration::from_mins(1), one_is_done)
        .await
        .expect("stopped in its pause")
}

/// Rows filled, and what the database remembers: rows, batches, whether it is finished.
async fn state(admin: &mut PgConnection) -> (i64, i64, i64, bool) {
    query_as(
        "SELECT (SELECT count(*) FROM atelier.a WHERE m = n), rows_done, batches, finished_at IS NOT NULL
         FROM atelier.schema_meta_backfills",
    )
    .fetch_one(admin)
    .await
    .expect("a state")
}

#[tokio::test]
async fn no_up_runs_one_and_no_version_counts_it() {
    let (database, mut admin, options) = expanded(&[TABLE, FILL]).await;
    let address = database.options(Role::Admin);
    let report = up(&address, &options).await.expect("up");
    assert_eq!((report.applied.len(), report.schema_version), (0, 1));
    assert_eq!(report.backfills_pending, [FILL.0]);
    let status = status(&address, &options.migrations).await.expect("a state");
    assert_eq!((status.window, status.backfills_pending), (Window::Fits, vec![FILL.0.to_owned()]));
    fill(&database, &options).await.expect("filled");
    let version: i64 =
        query_scalar("SELECT max(version) FROM atelier.schema_meta_files WHERE phase = 'expand'")
            .fetch_one(&mut admin)
            .await
            .expect("the version that services read");
    assert_eq!(version, 1);
}

#[tokio::test]
async fn batches_are_bounded_and_all_rows_are_filled_once() {
    let (database, mut admin, options) = rows(25).await;
    let filled = fill(&database, &options).await.expect("filled");
    let [Filled { file, rows: 25, rows_done: 25, is_finished: true, .. }] = filled.as_slice() else {
        panic!("{filled:?}")
    };
    assert_eq!(file, FILL.0);
    assert_eq!(state(&mut admin).await, (25, 25, 4, true), "10, 10, 5 and one that finds nothing");
    assert_eq!(fill(&database, &options).await.expect("again"), []);
    let plan = plan(&database.options(Role::Admin), &options.migrations).await.expect("a plan");
    assert_eq!(plan.backfills_pending, Vec::<String>::new());
}

#[tokio::test]
async fn a_stop_is_heeded_between_batches_and_the_next_call_goes_on() {
    let (database, mut admin, options) = rows(25).await;
    let address = database.options(Role::Admin);
    let stop = std::future::ready(());
    let error = backfill_until(&address, &options, None, Duration::ZERO, stop).await;
    assert!(matches!(error, Err(BackfillError::Change(ChangeError::Stopped))), "before anything: {error:?}");
    let stopped = one_batch(&database, &options).await;
    assert!(matches!(stopped.as_slice(), [Filled { rows: 10, is_finished: false, .. }]), "{stopped:?}");
    assert_eq!(state(&mut admin).await, (10, 10, 1, false));
    let rest = fill(&database, &options).await.expect("the rest");
    assert!(matches!(rest.as_slice(), [Filled { rows: 15, rows_done: 25, .. }]), "{rest:?}");
}

#[tokio::test]
async fn a_batch_that_is_cut_off_leaves_neither_rows_nor_progress() {
    let (database, mut admin, options) = rows(25).await;
    let address = database.options(Role::Admin);
    one_batch(&database, &options).await;
    // The second batch has filled its rows and cannot write that down; there it dies, as by kill -9.
    run(&mut admin, "BEGIN; LOCK TABLE atelier.schema_meta_backfills IN SHARE MODE").await.expect("locked");
    tokio::select! {
        done = fill(&database, &options) => panic!("{done:?}"),
        () = count(&database, WAITING, 1) => {}
    }
    count(&database, CONNECTED, 0).await;
    run(&mut admin, "ROLLBACK").await.expect("freed");
    assert_eq!(state(&mut admin).await, (10, 10, 1, false));
    let rest = backfill_until(&address, &options, Some(FILL.0), Duration::ZERO, std::future::pending())
        .await
        .expect("the lock went with the session");
    assert!(
        matches!(rest.as_slice(), [Filled { rows: 15, rows_done: 25, is_finished: true, .. }]),
        "{rest:?}"
    );
}

#[tokio::test]
async fn rows_that_stay_locked_end_it_and_what_was_filled_stays() {
    let (database, mut admin, mut options) = rows(25).await;
    options.deadline = Duration::from_millis(400);
    run(&mut admin, "BEGIN; SELECT n FROM atelier.a WHERE n = 15 FOR UPDATE").await.expect("locked");
    let error = fill(&database, &options).await.expect_err("a row is busy");
    assert!(matches!(error, BackfillError::Busy { .. }), "{error}");
    run(&mut admin, "ROLLBACK").await.expect("freed");
    assert_eq!(state(&mut admin).await, (10, 10, 1, false));
}

#[tokio::test]
async fn only_one_at_a_time_and_no_up_waits_for_it() {
    let (database, mut admin, mut options) = rows(25).await;
    run(&mut admin, "SELECT pg_advisory_lock(x'66696c6c696e67'::bigint)").await.expect("a backfill's lock");
    options.deadline = Duration::from_millis(300);
    let error = fill(&database, &options).await.expect_err("another one is at it");
    assert!(matches!(error, BackfillError::Change(ChangeError::Lock(LockError::Held { .. }))), "{error}");
    up(&database.options(Role::Admin), &options).await.expect("up goes its own way");
}

#[tokio::test]
async fn what_is_unknown_too_early_or_edited_is_refused() {
    let (database, _admin, options) = rows(5).await;
    let address = database.options(Role::Admin);
    let named = async |options: &ChangeOptions, name: &'static str| {
        backfill_until(&address, options, Some(name), Duration::ZERO, std::future::pending()).await
    };
    let error = named(&options, "0001_a").await.expect_err("an expand is no backfill");
    assert!(error.to_string().contains(FILL.0), "{error}");

    let further = ("0003_c.expand.sql", "ALTER TABLE atelier.a ADD COLUMN k int;");
    let later =
        ("0004_d.expand.sql", "-- backfill: batch=10\n-- Why: a test.\nDELETE FROM atelier.a WHERE k < $1;");
    let error =
        named(&files(&[TABLE, FILL, further, later]), "4").await.expect_err("its column is not there");
    assert!(matches!(error, BackfillError::ExpandsPending { .. }), "{error}");

    fill(&database, &options).await.expect("filled");
    let edited = (FILL.0, "-- backfill: batch=10\n-- Why: a test.\nDELETE FROM atelier.a WHERE n < $1;");
    let error = named(&files(&[TABLE, edited]), "0002_fill_a").await.expect_err("edited");
    assert!(matches!(error, BackfillError::Checksum { .. }), "{error}");
}
