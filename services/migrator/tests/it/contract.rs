//! `up --contracts`: only what was approved, only when nobody old is connected, and again after it was cut short.

use std::time::Duration;

use migrator::migrate::apply::ApplyError;
use migrator::migrate::{
    ChangeError, ChangeOptions, ContractError, Phase, UpReport, backfill_until, check_rollback,
    contract_until, plan, status, up,
};
use sqlx::{PgConnection, query_as, query_scalar};
use testkit::{Role, TestDatabase};

use crate::support::{WAITING, application, count, expanded, files, run};

const TABLE: (&str, &str) = ("0005_a.expand.sql", "CREATE TABLE atelier.a (n int, m int);");
const COLUMN: (&str, &str) = ("0006_b.expand.sql", "ALTER TABLE atelier.a ADD COLUMN k int;");
const CONTRACT: (&str, &str) = ("0007_c.contract.sql", "ALTER TABLE atelier.a DROP COLUMN n;");
const LATER: (&str, &str) = ("0008_d.expand.sql", "ALTER TABLE atelier.a ADD COLUMN j int;");
const SECOND: (&str, &str) = ("0009_e.contract.sql", "ALTER TABLE atelier.a DROP COLUMN m;");

async fn contract(
    database: &TestDatabase,
    options: &ChangeOptions,
    approved: &str,
) -> Result<UpReport, ContractError> {
    contract_until(&database.options(Role::Admin), options, approved, std::future::pending()).await
}

async fn hash(database: &TestDatabase, options: &ChangeOptions) -> String {
    let plan = plan(&database.options(Role::Admin), &options.migrations).await.expect("a plan");
    plan.plan_hash.expect("a hash to approve")
}

async fn columns(admin: &mut PgConnection) -> Vec<String> {
    query_scalar("SELECT attname::text FROM pg_attribute WHERE attrelid = 'atelier.a'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY 1")
        .fetch_all(admin)
        .await
        .expect("columns")
}

async fn min_app_schema(admin: &mut PgConnection) -> i32 {
    query_scalar("SELECT min_app_schema FROM atelier.schema_meta").fetch_one(admin).await.expect("a number")
}

#[tokio::test]
async fn an_approved_contract_runs_although_a_later_expand_did_and_remembers_its_plan() {
    let (database, mut admin, options) = expanded(&[TABLE, COLUMN, CONTRACT, LATER]).await;
    let approved = hash(&database, &options).await;
    let report = contract(&database, &options, &approved).await.expect("done");
    assert_eq!(report.applied.iter().map(|it| it.file.as_str()).collect::<Vec<_>>(), [CONTRACT.0]);
    assert_eq!((report.schema_version, report.contracts_pending), (8, vec![]));
    assert_eq!(columns(&mut admin).await, ["j", "k", "m"]);
    assert_eq!(min_app_schema(&mut admin).await, 6, "the last expand before 7, not the newest");
    let row: (String, Option<String>) =
        query_as("SELECT phase, plan_hash FROM atelier.schema_meta_files WHERE version = 7")
            .fetch_one(&mut admin)
            .await
            .expect("a row");
    assert_eq!(row, ("contract".to_owned(), Some(approved.clone())));
    let served = async |schema| {
        check_rollback(&database.options(Role::Admin), schema).await.expect("an answer").is_served
    };
    assert_eq!(
        (served(5).await, served(6).await, served(8).await, served(9).await),
        (false, true, true, false)
    );

    let again = contract(&database, &options, &approved).await.expect("a Job may run again");
    assert_eq!(again.applied, []);
}

#[tokio::test]
async fn an_approval_that_was_carried_out_and_left_lying_is_for_nothing_that_came_later() {
    let (database, mut admin, options) = expanded(&[TABLE, COLUMN, CONTRACT]).await;
    let approved = hash(&database, &options).await;
    contract(&database, &options, &approved).await.expect("done");
    // The next release, before and after its `up`.
    let next = files(&[TABLE, COLUMN, CONTRACT, LATER, SECOND]);
    for _ in 0..2 {
        let report = contract(&database, &next, &approved).await.expect("nothing of its own to do");
        assert_eq!((report.applied, report.contracts_pending), (vec![], vec![SECOND.0.to_owned()]));
        up(&database.options(Role::Admin), &next).await.expect("up");
    }
    assert_eq!(columns(&mut admin).await, ["j", "k", "m"]);
    assert_eq!(min_app_schema(&mut admin).await, 6);
}

#[tokio::test]
async fn a_stale_hash_runs_nothing_and_tells_both() {
    let (database, mut admin, options) = expanded(&[TABLE, CONTRACT]).await;
    let stale = hash(&database, &options).await;
    run(&mut admin, "ALTER TABLE atelier.a ADD COLUMN by_hand int").await.expect("changed by hand");
    let actual = hash(&database, &options).await;
    let error = contract(&database, &options, &stale).await.expect_err("another plan");
    let words = error.to_string();
    assert!(matches!(error, ContractError::NotApproved { .. }), "{words}");
    assert!(words.contains(&stale) && words.contains(&actual) && words.contains("migrator plan"), "{words}");
    assert_eq!((columns(&mut admin).await.len(), min_app_schema(&mut admin).await), (3, 0));
}

#[tokio::test]
async fn an_expand_and_a_backfill_before_it_come_first() {
    let fill =
        ("0006_b.expand.sql", "-- backfill: batch=10\n-- Why: a test.\nDELETE FROM atelier.a WHERE n < $1;");
    let (database, _admin, _) = expanded(&[TABLE, CONTRACT]).await;
    for (set, expected) in [
        (files(&[TABLE, CONTRACT, LATER]), Phase::Expand),
        (files(&[TABLE, fill, CONTRACT]), Phase::Backfill),
    ] {
        let error = contract(&database, &set, "none").await.expect_err("too early");
        assert!(matches!(error, ContractError::NotYet { phase, .. } if phase == expected), "{error}");
    }
}

#[tokio::test]
async fn what_was_written_after_a_backfill_was_finished_is_filled_before_anything_goes() {
    let column = ("0006_b.expand.sql", "ALTER TABLE atelier.a ADD COLUMN k int;");
    let fill = (
        "0007_c.expand.sql",
        "-- backfill: batch=10\n-- Why: a test.\nUPDATE atelier.a SET k = n WHERE n IN (SELECT n FROM atelier.a WHERE k IS NULL LIMIT $1);",
    );
    let goes = ("0008_d.contract.sql", "ALTER TABLE atelier.a DROP COLUMN n;");
    let (database, mut admin, options) = expanded(&[TABLE, column, fill, goes]).await;
    let address = database.options(Role::Admin);
    let filled = async || {
        let done = backfill_until(&address, &options, None, Duration::ZERO, std::future::pending()).await;
        done.expect("filled")[0].rows_done
    };
    assert_eq!(filled().await, 0);
    let approved = hash(&database, &options).await;
    run(&mut admin, "INSERT INTO atelier.a (n) SELECT generate_series(1, 15)")
        .await
        .expect("by an older one");
    let error = contract(&database, &options, &approved).await.expect_err("rows would be lost");
    assert!(matches!(error, ContractError::NotYet { phase: Phase::Backfill, .. }), "{error}");
    assert_eq!(filled().await, 15);
    contract(&database, &options, &approved).await.expect("the same approval");

    // What that contract settled is not tried again: its column is gone.
    let later = ("0009_e.contract.sql", "ALTER TABLE atelier.a DROP COLUMN m;");
    let later = files(&[TABLE, column, fill, goes, later]);
    contract(&database, &later, &hash(&database, &later).await).await.expect("done");
}

#[tokio::test]
async fn an_older_application_is_named_and_a_newer_one_or_a_stranger_is_in_nobodys_way() {
    let (database, mut admin, options) = expanded(&[TABLE, COLUMN, CONTRACT]).await;
    let approved = hash(&database, &options).await;
    let _new = application(&database, "atelier/orders schema=6").await;
    let _psql = application(&database, "psql").await;
    for name in ["atelier/order-status schema=5", "atelier/order-status"] {
        let mut old = application(&database, name).await;
        let pid: i32 = query_scalar("SELECT pg_backend_pid()").fetch_one(&mut old).await.expect("a number");
        let error = contract(&database, &options, &approved).await.expect_err("it would break");
        let words = error.to_string();
        let ContractError::OldApplications { needed: 6, applications } = error else { panic!("{words}") };
        assert_eq!(applications.iter().map(|it| it.pid).collect::<Vec<_>>(), [pid]);
        for part in [format!("pid {pid}"), format!("'{name}'"), "connected since 2".to_owned()] {
            assert!(words.contains(&part), "{part} is missing in: {words}");
        }
        sqlx::Connection::close(old).await.expect("gone");
    }
    assert_eq!((columns(&mut admin).await.len(), min_app_schema(&mut admin).await), (3, 0));
    contract(&database, &options, &approved).await.expect("nobody old is left");
}

#[tokio::test]
async fn an_older_application_that_comes_meanwhile_stops_the_files_but_not_the_approval() {
    let (database, mut admin, options) = expanded(&[TABLE, COLUMN, CONTRACT]).await;
    let approved = hash(&database, &options).await;
    // Raising min_app_schema has to wait for us, and meanwhile an old application connects.
    run(&mut admin, "BEGIN; SELECT min_app_schema FROM atelier.schema_meta FOR UPDATE")
        .await
        .expect("locked");
    let come = async {
        count(&database, WAITING, 1).await;
        let old = application(&database, "atelier/orders schema=5").await;
        run(&mut admin, "ROLLBACK").await.expect("freed");
        old
    };
    let (error, old) = tokio::join!(contract(&database, &options, &approved), come);
    let error = error.expect_err("an old one came");
    assert!(matches!(error, ContractError::OldApplicationCame { needed: 6, .. }), "{error}");
    assert_eq!(columns(&mut admin).await.len(), 3, "a file ran");
    assert_eq!(min_app_schema(&mut admin).await, 6, "it is un-ready from now on");

    sqlx::Connection::close(old).await.expect("gone");
    contract(&database, &options, &approved).await.expect("the approval still holds");
}

#[tokio::test]
async fn what_is_left_of_an_approved_plan_runs_under_the_same_approval() {
    let (database, mut admin, options) = expanded(&[TABLE, CONTRACT, COLUMN, SECOND]).await;
    let approved = hash(&database, &options).await;
    run(&mut admin, "CREATE VIEW atelier.v AS SELECT m FROM atelier.a").await.expect("a view");
    let with_view = hash(&database, &options).await;
    assert_ne!(approved, with_view);

    let error = contract(&database, &options, &with_view).await.expect_err("the view needs the column");
    assert!(
        matches!(&error, ContractError::Change(ChangeError::Apply(ApplyError::Failed { file, .. })) if file == SECOND.0),
        "{error}"
    );
    assert_eq!(columns(&mut admin).await, ["k", "m"], "the first one is done");
    let error = contract(&database, &options, &approved).await.expect_err("never approved for this");
    assert!(matches!(error, ContractError::NotApproved { .. }), "{error}");
    let error = contract(&database, &options, &with_view).await.expect_err("the view is still there");
    assert!(matches!(error, ContractError::Change(ChangeError::Apply(_))), "{error}");

    // Whatever else changes meanwhile ends the approval.
    run(&mut admin, "DROP VIEW atelier.v").await.expect("gone");
    let error = contract(&database, &options, &with_view).await.expect_err("another schema");
    assert!(matches!(error, ContractError::NotApproved { .. }), "{error}");
    let rest = hash(&database, &options).await;
    contract(&database, &options, &rest).await.expect("approved anew");
    let status = status(&database.options(Role::Admin), &options.migrations).await.expect("a state");
    assert_eq!((status.contracts_pending, status.min_app_schema), (vec![], 6));
}
