//! `up`: in order, once, in whole files, never over a newer or an edited database.

use std::time::Duration;

use migrator::migrate::apply::ApplyError;
use migrator::migrate::{ChangeError, ChangeOptions, UpReport, Window, status, up, up_until, verify, wait};
use sqlx::{query_as, query_scalar};
use testkit::{Role, TestDatabase};

use crate::support::{DEADLINE, WAITING, count, empty, files, run};

const TABLE: (&str, &str) = ("0001_a.expand.sql", "CREATE TABLE atelier.a (n int);");
const COLUMN: (&str, &str) = ("0002_b.expand.sql", "ALTER TABLE atelier.a ADD COLUMN m int;");
const CONTRACT: (&str, &str) = ("0003_c.contract.sql", "ALTER TABLE atelier.a DROP COLUMN n;");
const LATER: (&str, &str) = ("0004_d.expand.sql", "ALTER TABLE atelier.a ADD COLUMN k int;");

async fn apply(database: &TestDatabase, options: &ChangeOptions) -> Result<UpReport, ChangeError> {
    up(&database.options(Role::Admin), options).await
}

fn applied(report: &UpReport) -> Vec<&str> {
    report.applied.iter().map(|applied| applied.file.as_str()).collect()
}

#[tokio::test]
async fn a_second_up_changes_nothing() {
    let (database, mut admin) = empty().await;
    let options = ChangeOptions::embedded().expect("the embedded files");
    let first = apply(&database, &options).await.expect("up");
    assert_eq!(first.applied.len(), options.migrations.iter().count());
    let snapshot =
        "SELECT string_agg(xmin::text || version, ',' ORDER BY version) FROM atelier._sqlx_migrations";
    let before: String = query_scalar(snapshot).fetch_one(&mut admin).await.expect("rows");
    let second = apply(&database, &options).await.expect("up again");
    assert_eq!(applied(&second), Vec::<&str>::new());
    assert_eq!(second.schema_version, options.migrations.schema_version());
    let after: String = query_scalar(snapshot).fetch_one(&mut admin).await.expect("rows");
    assert_eq!(before, after, "rows were written again");
}

#[tokio::test]
async fn tables_that_a_later_migrator_adds_for_itself_are_no_drift() {
    let (database, mut admin) = empty().await;
    // What an older migrator left: its own tables, without the newest of them.
    let older =
        ("0002_b.expand.sql", "DROP TABLE atelier.schema_meta_approvals, atelier.schema_meta_backfills;");
    let options = files(&[TABLE, older]);
    apply(&database, &options).await.expect("up");
    let verified = async || {
        let address = database.options(Role::Admin);
        verify(&address, &options.migrations, None).await.expect("verified").findings
    };
    assert_eq!(verified().await, []);
    apply(&database, &options).await.expect("up of the later migrator");
    assert_eq!(verified().await, []);
    let made: bool = query_scalar("SELECT to_regclass('atelier.schema_meta_approvals') IS NOT NULL")
        .fetch_one(&mut admin)
        .await
        .expect("an answer");
    assert!(made);
}

#[tokio::test]
async fn two_ups_at_once_apply_each_file_once() {
    let (database, _admin) = empty().await;
    let options = ChangeOptions::embedded().expect("the embedded files");
    let (one, other) = tokio::join!(apply(&database, &options), apply(&database, &options));
    let (one, other) = (one.expect("up"), other.expect("the other up"));
    assert_eq!(one.applied.len() + other.applied.len(), options.migrations.iter().count());
    assert_eq!(one.schema_version, other.schema_version);
}

#[tokio::test]
async fn contracts_wait_and_are_named_and_a_later_expand_overtakes_them() {
    let (database, _admin) = empty().await;
    apply(&database, &files(&[TABLE])).await.expect("founded");
    let report = apply(&database, &files(&[TABLE, COLUMN, CONTRACT])).await.expect("up");
    assert_eq!(applied(&report), [COLUMN.0]);
    assert_eq!(report.contracts_pending, [CONTRACT.0]);
    assert_eq!(report.schema_version, 2);
    let report = apply(&database, &files(&[TABLE, COLUMN, CONTRACT, LATER])).await.expect("up");
    assert_eq!(applied(&report), [LATER.0]);
    assert_eq!(report.schema_version, 4);
    assert_eq!(report.contracts_pending, [CONTRACT.0]);
}

#[tokio::test]
async fn an_edited_file_stops_up_by_name_before_anything_is_applied() {
    let (database, mut admin) = empty().await;
    apply(&database, &files(&[TABLE])).await.expect("up");
    let edited = ("0001_a.expand.sql", "CREATE TABLE atelier.a (n bigint);");
    let error = apply(&database, &files(&[edited, COLUMN])).await.expect_err("should stop");
    assert!(matches!(&error, ChangeError::Checksum { file } if file == TABLE.0), "{error}");
    let rows: i64 = query_scalar("SELECT count(*) FROM atelier._sqlx_migrations")
        .fetch_one(&mut admin)
        .await
        .expect("rows");
    assert_eq!(rows, 1);
}

#[tokio::test]
async fn newer_is_what_min_app_schema_says_and_not_a_file_that_is_unknown() {
    let (database, mut admin) = empty().await;
    apply(&database, &files(&[TABLE, COLUMN, LATER])).await.expect("up of a later release");
    let report =
        apply(&database, &files(&[TABLE, COLUMN])).await.expect("an older image after an expand is fine");
    assert_eq!(applied(&report), Vec::<&str>::new());
    run(&mut admin, "UPDATE atelier.schema_meta SET min_app_schema = 4").await.expect("as a contract does");
    let error = apply(&database, &files(&[TABLE, COLUMN])).await.expect_err("after a contract it is not");
    assert!(matches!(error, ChangeError::NewerSchema { min_app_schema: 4, ours: 2 }), "{error}");
}

#[tokio::test]
async fn a_file_that_fails_leaves_nothing_and_is_named() {
    let (database, mut admin) = empty().await;
    let broken = ("0002_b.expand.sql", "CREATE TABLE atelier.half (n int); SELECT 1 / 0;");
    let error = apply(&database, &files(&[TABLE, broken])).await.expect_err("should fail");
    assert!(
        matches!(&error, ChangeError::Apply(ApplyError::Failed { file, .. }) if file == broken.0),
        "{error}"
    );
    let left: (i64, bool) = query_as(
        "SELECT (SELECT count(*) FROM atelier._sqlx_migrations), to_regclass('atelier.half') IS NOT NULL",
    )
    .fetch_one(&mut admin)
    .await
    .expect("an answer");
    assert_eq!(left, (1, false));
    let report = apply(&database, &files(&[TABLE, COLUMN])).await.expect("the fix rolls forward");
    assert_eq!(applied(&report), [COLUMN.0]);
}

#[tokio::test]
async fn a_forgotten_schema_name_fails_instead_of_landing_in_public() {
    let (database, _admin) = empty().await;
    let error = apply(&database, &files(&[("0001_a.expand.sql", "CREATE TABLE a (n int);")])).await;
    assert!(matches!(error, Err(ChangeError::Apply(ApplyError::Failed { .. }))));
}

#[tokio::test]
async fn a_busy_table_is_tried_again_until_it_is_free() {
    let (database, mut admin) = empty().await;
    apply(&database, &files(&[TABLE])).await.expect("up");
    run(&mut admin, "BEGIN; LOCK TABLE atelier.a IN ACCESS EXCLUSIVE MODE").await.expect("locked");
    let impatient = (
        "0002_b.expand.sql",
        "-- lock_timeout: 50ms\n-- Why: a test.\nALTER TABLE atelier.a ADD COLUMN m int;",
    );

    let mut short = files(&[TABLE, impatient]);
    short.deadline = Duration::from_millis(600);
    let error = apply(&database, &short).await.expect_err("the table is busy");
    let ChangeError::Apply(ApplyError::LockTimeout { file, attempts, lock_timeout, .. }) = error else {
        panic!("{error}")
    };
    assert_eq!((file.as_str(), lock_timeout), (impatient.0, Duration::from_millis(50)));
    assert!(attempts > 1, "it was tried once only");

    let patient = files(&[TABLE, impatient]);
    let freed = async {
        count(&database, WAITING, 1).await;
        run(&mut admin, "ROLLBACK").await.expect("freed");
    };
    let (report, ()) = tokio::join!(apply(&database, &patient), freed);
    assert_eq!(applied(&report.expect("up")), [impatient.0]);
}

#[tokio::test]
async fn a_file_without_transaction_runs_and_an_invalid_index_of_a_failed_run_is_replaced() {
    let (database, mut admin) = empty().await;
    apply(&database, &files(&[TABLE])).await.expect("up");
    run(&mut admin, "INSERT INTO atelier.a VALUES (1), (1)").await.expect("rows");
    let index = (
        "0002_b.expand.sql",
        "-- no-transaction\n-- Why: a test.\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS a_n_idx ON atelier.a (n);",
    );
    let error = apply(&database, &files(&[TABLE, index])).await.expect_err("the rows are not unique");
    assert!(matches!(error, ChangeError::Apply(ApplyError::Failed { .. })), "{error}");
    let valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'atelier.a_n_idx'::regclass";
    assert!(!query_scalar::<_, bool>(valid).fetch_one(&mut admin).await.expect("the index is left behind"));

    run(&mut admin, "DELETE FROM atelier.a").await.expect("no rows");
    apply(&database, &files(&[TABLE, index])).await.expect("up");
    assert!(query_scalar::<_, bool>(valid).fetch_one(&mut admin).await.expect("the index"));
}

#[tokio::test]
async fn what_was_applied_is_remembered_in_the_form_that_sqlx_reads() {
    let (database, mut admin) = empty().await;
    let mut options = files(&[TABLE, ("0001_a.down.sql", "DROP TABLE atelier.a;")]);
    options.image = Some("registry/migrator@sha256:1".to_owned());
    apply(&database, &options).await.expect("up");
    let row: (i64, String, bool, i32, bool) = query_as(
        "SELECT version, description, success, octet_length(checksum), execution_time > 0 FROM atelier._sqlx_migrations",
    )
    .fetch_one(&mut admin)
    .await
    .expect("a row");
    assert_eq!(row, (1, "a.expand".to_owned(), true, 48, true));
    let beside: (String, Option<String>, Option<String>) =
        query_as("SELECT phase, down_sql, image FROM atelier.schema_meta_files")
            .fetch_one(&mut admin)
            .await
            .expect("a row");
    assert_eq!(
        beside,
        (
            "expand".to_owned(),
            Some("-- Why: a test.\nDROP TABLE atelier.a;".to_owned()),
            Some("registry/migrator@sha256:1".to_owned())
        )
    );
}

#[tokio::test]
async fn a_stop_cancels_the_running_statement() {
    let (database, _admin) = empty().await;
    let endless = files(&[("0001_a.expand.sql", "SELECT pg_sleep(3600);")]);
    let sleeping = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event = 'PgSleep'";
    let count = || async {
        let mut other = database.connect(Role::Admin).await.ok()?;
        query_scalar::<_, i64>(sleeping).fetch_one(&mut other).await.ok()
    };
    let stop = async {
        let running = || async { count().await.filter(|running| *running > 0) };
        testkit::wait::until("the statement runs", DEADLINE, running).await.expect("it runs");
    };
    let error = up_until(&database.options(Role::Admin), &endless, stop).await.expect_err("should stop");
    assert!(matches!(error, ChangeError::Stopped), "{error}");
    // Sooner than the server's own look at the socket, which is every five seconds.
    let gone = || async { count().await.filter(|running| *running == 0) };
    testkit::wait::until("the statement is gone", Duration::from_secs(3), gone)
        .await
        .expect("it is cancelled");
}

#[tokio::test]
async fn waiting_ends_when_the_files_are_there() {
    let (database, _admin) = empty().await;
    let address = database.options(Role::Admin);
    let options = files(&[TABLE, COLUMN]);
    let before = status(&address, &options.migrations).await.expect("a state");
    assert_eq!((before.window, before.schema_version), (Window::TooOld, 0));
    let (waited, done) =
        tokio::join!(wait(&address, &options.migrations, DEADLINE), apply(&database, &options));
    done.expect("up");
    assert_eq!(waited.expect("it fits").window, Window::Fits);
    wait(&address, &files(&[TABLE, COLUMN, LATER]).migrations, Duration::from_millis(200))
        .await
        .expect_err("one is missing");
}
