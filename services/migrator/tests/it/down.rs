//! `down`: back by the stored down files, only as approved, never behind a contract.

use migrator::migrate::{
    ChangeOptions, DownError, DownPlan, backfill_until, down_plan, down_until, plan, status, up, verify,
};
use sqlx::query_scalar;
use testkit::{Role, TestDatabase};

use crate::support::{application, empty, expanded, files, run};

const TABLE: (&str, &str) = ("0001_a.expand.sql", "CREATE TABLE atelier.a (n int);");
const COLUMN: (&str, &str) = ("0002_b.expand.sql", "ALTER TABLE atelier.a ADD COLUMN m int;");
const COLUMN_DOWN: (&str, &str) = ("0002_b.down.sql", "ALTER TABLE atelier.a DROP COLUMN m;");
const INDEX: (&str, &str) = (
    "0003_c.expand.sql",
    "-- no-transaction\n-- Why: a test.\nCREATE INDEX CONCURRENTLY IF NOT EXISTS a_idx ON atelier.a (m);",
);
const INDEX_DOWN: (&str, &str) = (
    "0003_c.down.sql",
    "-- no-transaction\n-- Why: a test.\nDROP INDEX CONCURRENTLY IF EXISTS atelier.a_idx;",
);

async fn planned(database: &TestDatabase, options: &ChangeOptions, to: i64) -> Result<DownPlan, DownError> {
    down_plan(&database.options(Role::Admin), &options.migrations, to).await
}

async fn down(
    database: &TestDatabase,
    options: &ChangeOptions,
    to: i64,
    approved: &str,
) -> Result<Vec<String>, DownError> {
    down_until(&database.options(Role::Admin), options, to, approved, std::future::pending()).await
}

#[tokio::test]
async fn expands_go_newest_first_by_what_the_database_stored_and_can_come_again() {
    let (database, _admin) = empty().await;
    let address = database.options(Role::Admin);
    let all = files(&[TABLE, COLUMN, COLUMN_DOWN, INDEX, INDEX_DOWN]);
    up(&address, &all).await.expect("up");
    // An older binary, which knows neither the files nor their way back.
    let older = files(&[TABLE]);
    let plan = planned(&database, &older, 1).await.expect("a plan");
    let told: Vec<_> =
        plan.files.iter().map(|file| (file.version, file.statements[0].destroys.clone())).collect();
    assert_eq!(
        told,
        [
            (3, vec!["index atelier.a_idx".to_owned()]),
            (2, vec!["column atelier.a.m with its values".to_owned()])
        ]
    );
    let same = planned(&database, &older, 1).await.expect("a plan");
    assert_eq!(plan.plan_hash, same.plan_hash);

    let error = down(&database, &older, 1, "stale").await.expect_err("not approved");
    assert!(matches!(&error, DownError::NotApproved { actual, .. } if *actual == plan.plan_hash), "{error}");
    let undone = down(&database, &older, 1, &plan.plan_hash).await.expect("down");
    assert_eq!(undone, ["0003 (c.expand)", "0002 (b.expand)"]);
    assert_eq!(status(&address, &older.migrations).await.expect("a state").schema_version, 1);
    assert_eq!(verify(&address, &older.migrations, None).await.expect("verified").findings, []);

    let nothing = planned(&database, &older, 1).await.expect("a plan");
    assert!(nothing.files.is_empty());
    assert_eq!(up(&address, &all).await.expect("up again").applied.len(), 2);
}

#[tokio::test]
async fn the_hash_is_for_one_target_and_one_state() {
    let (database, mut admin) = empty().await;
    let options = files(&[TABLE, ("0001_a.down.sql", "DROP TABLE atelier.a;"), COLUMN, COLUMN_DOWN]);
    up(&database.options(Role::Admin), &options).await.expect("up");
    let one = planned(&database, &options, 1).await.expect("a plan").plan_hash;
    let other = planned(&database, &options, 0).await.expect("a plan").plan_hash;
    run(&mut admin, "ALTER TABLE atelier.a ADD COLUMN by_hand int").await.expect("changed by hand");
    let later = planned(&database, &options, 1).await.expect("a plan").plan_hash;
    assert!(one != other && one != later && other != later);
    let approval = plan(&database.options(Role::Admin), &options.migrations).await.expect("a plan").up_hash;
    assert!(matches!(down(&database, &options, 1, &approval).await, Err(DownError::NotApproved { .. })));
}

#[tokio::test]
async fn there_is_no_way_back_without_a_down_file_or_behind_a_contract() {
    let (database, mut admin) = empty().await;
    let options = files(&[TABLE, COLUMN, COLUMN_DOWN]);
    up(&database.options(Role::Admin), &options).await.expect("up");
    let error = planned(&database, &options, 0).await.expect_err("the table has no way back");
    assert!(matches!(&error, DownError::NoDownFile { file } if file == "0001 (a.expand)"), "{error}");
    run(
        &mut admin,
        "INSERT INTO atelier._sqlx_migrations VALUES (3, 'c.contract', now(), true, '', 1);
         INSERT INTO atelier.schema_meta_files (version, phase) VALUES (3, 'contract')",
    )
    .await
    .expect("as a contract does");
    let error = planned(&database, &options, 1).await.expect_err("a contract is above");
    assert!(matches!(error, DownError::Contract { version: 3, .. }), "{error}");
}

#[tokio::test]
async fn a_newer_application_has_to_go_first() {
    let (database, mut admin) = empty().await;
    let options = files(&[TABLE, COLUMN, COLUMN_DOWN]);
    up(&database.options(Role::Admin), &options).await.expect("up");
    let _old = application(&database, "atelier/orders schema=1").await;
    let new = application(&database, "atelier/orders schema=2").await;
    let plan = planned(&database, &options, 1).await.expect("a plan");
    assert_eq!(plan.newer_applications.len(), 1);
    let error = down(&database, &options, 1, &plan.plan_hash).await.expect_err("it would break");
    assert!(matches!(error, DownError::NewApplications { .. }), "{error}");
    assert!(error.to_string().contains("'atelier/orders schema=2'"), "{error}");
    sqlx::Connection::close(new).await.expect("gone");
    down(&database, &options, 1, &plan.plan_hash).await.expect("down");
    let there: bool = query_scalar(
        "SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'atelier.a'::regclass AND attname = 'm' AND NOT attisdropped)",
    )
    .fetch_one(&mut admin)
    .await
    .expect("an answer");
    assert!(!there);
}

#[tokio::test]
async fn a_backfill_above_is_begun_anew() {
    let fill = (
        "0003_c.expand.sql",
        "-- backfill: batch=10\n-- Why: a test.\nUPDATE atelier.a SET m = n WHERE n IN (SELECT n FROM atelier.a WHERE m IS NULL LIMIT $1);",
    );
    let (database, mut admin, options) = expanded(&[TABLE, COLUMN, COLUMN_DOWN, fill]).await;
    let address = database.options(Role::Admin);
    run(&mut admin, "INSERT INTO atelier.a SELECT generate_series(1, 15)").await.expect("rows");
    let filled = async || {
        backfill_until(&address, &options, None, std::time::Duration::ZERO, std::future::pending())
            .await
            .expect("filled")
    };
    assert_eq!(filled().await[0].rows, 15);
    assert_eq!(filled().await, []);
    let plan = planned(&database, &options, 1).await.expect("a plan");
    down(&database, &options, 1, &plan.plan_hash).await.expect("down");
    up(&address, &options).await.expect("up again");
    assert_eq!(filled().await[0].rows, 15);
}
