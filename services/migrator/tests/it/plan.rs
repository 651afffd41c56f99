//! `plan`: what it tells, that it changes nothing, and when its hashes change.

use migrator::migrate::{ChangeOptions, Phase, Plan, PlanError, plan, up};
use sqlx::query_scalar;
use testkit::{Role, TestDatabase};

use crate::support::{application, empty, expands, files, run};

const TABLE: (&str, &str) = ("0001_a.expand.sql", "CREATE TABLE atelier.a (n int, m int);");
const COLUMN: (&str, &str) = ("0002_b.expand.sql", "ALTER TABLE atelier.a ADD COLUMN k int;");
const CONTRACT: (&str, &str) = ("0003_c.contract.sql", "ALTER TABLE atelier.a DROP COLUMN n;");
const FILL: (&str, &str) = (
    "0002_b.expand.sql",
    "-- backfill: batch=10\n-- Why: a test.\nUPDATE atelier.a SET m = n WHERE ctid IN (SELECT ctid FROM atelier.a WHERE m IS NULL LIMIT $1);",
);

async fn planned(database: &TestDatabase, options: &ChangeOptions) -> Plan {
    plan(&database.options(Role::Admin), &options.migrations).await.expect("a plan")
}

async fn done(database: &TestDatabase, set: &[(&str, &str)]) -> ChangeOptions {
    up(&database.options(Role::Admin), &expands(set)).await.expect("founded");
    files(set)
}

#[tokio::test]
async fn an_empty_database_is_planned_and_left_empty() {
    let (database, mut admin) = empty().await;
    let plan = planned(&database, &files(&[TABLE, COLUMN])).await;
    let names: Vec<&str> = plan.up.iter().map(|file| file.file.as_str()).collect();
    assert_eq!(names, [TABLE.0, COLUMN.0]);
    assert_eq!((plan.schema_version, plan.needed_version, plan.plan_hash), (0, 2, None));
    let made: bool = query_scalar("SELECT to_regnamespace('atelier') IS NOT NULL")
        .fetch_one(&mut admin)
        .await
        .expect("an answer");
    assert!(!made, "a plan made something");
}

#[tokio::test]
async fn a_login_that_may_only_read_gets_the_plan_of_the_owner() {
    let database = TestDatabase::create().await.expect("a database");
    let set = ChangeOptions::embedded().expect("the embedded files").migrations;
    let owners = plan(&database.options(Role::Owner), &set).await.expect("a plan");
    let readers = plan(&database.options(Role::Reader), &set).await.expect("a plan");
    assert_eq!(owners.up_hash, readers.up_hash);
    assert_eq!(owners.is_drifted, Some(false));
}

#[tokio::test]
async fn a_login_that_may_not_ask_for_the_servers_number_gets_a_plan_without_it() {
    let database = TestDatabase::create().await.expect("a database");
    let mut admin = database.connect(Role::Admin).await.expect("connected");
    run(&mut admin, "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC").await.expect("revoked");
    let set = ChangeOptions::embedded().expect("the embedded files").migrations;
    let plan = plan(&database.options(Role::Owner), &set).await.expect("a plan");
    assert_eq!(plan.database.system_identifier, None);
}

#[tokio::test]
async fn a_contract_is_told_with_its_locks_what_it_destroys_and_who_is_too_old() {
    let (database, _admin) = empty().await;
    let options = done(&database, &[TABLE, COLUMN, CONTRACT]).await;
    let _new = application(&database, "atelier/orders schema=2").await;
    let _old = application(&database, "atelier/orders schema=1").await;
    let plan = planned(&database, &options).await;
    let [contract] = plan.contracts.as_slice() else { panic!("{:?}", plan.contracts) };
    let [statement] = contract.statements.as_slice() else { panic!("{contract:?}") };
    assert_eq!(statement.sql, "ALTER TABLE atelier.a DROP COLUMN n");
    assert_eq!(
        statement.locks.iter().map(|lock| lock.mode.as_str()).collect::<Vec<_>>(),
        ["ACCESS EXCLUSIVE"]
    );
    assert_eq!(statement.destroys, ["column atelier.a.n with its values"]);
    assert_eq!(contract.min_app_schema, Some(2));
    assert_eq!(plan.applications.len(), 2);
    let older: Vec<&str> = contract.older_applications.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(older, ["atelier/orders schema=1"]);
}

#[tokio::test]
async fn a_plan_has_the_same_hashes_twice_in_a_row_and_whoever_is_connected() {
    let (database, _admin) = empty().await;
    let options = done(&database, &[TABLE, COLUMN, CONTRACT]).await;
    let first = planned(&database, &options).await;
    let _application = application(&database, "atelier/orders schema=1").await;
    let second = planned(&database, &options).await;
    assert!(first.plan_hash.is_some());
    assert_eq!((first.up_hash, first.plan_hash), (second.up_hash, second.plan_hash));
}

#[tokio::test]
async fn the_hash_changes_with_the_text_the_schema_what_was_applied_and_the_database() {
    let (database, mut admin) = empty().await;
    let options = done(&database, &[TABLE, COLUMN, CONTRACT]).await;
    let mut hashes = vec![planned(&database, &options).await.plan_hash];

    let other = ("0003_c.contract.sql", "ALTER TABLE atelier.a DROP COLUMN m;");
    hashes.push(planned(&database, &files(&[TABLE, COLUMN, other])).await.plan_hash);

    let further = ("0004_d.contract.sql", "DROP TABLE atelier.a;");
    hashes.push(planned(&database, &files(&[TABLE, COLUMN, CONTRACT, further])).await.plan_hash);

    run(&mut admin, "ALTER TABLE atelier.a ADD COLUMN by_hand int").await.expect("changed by hand");
    let drifted = planned(&database, &options).await;
    assert_eq!(drifted.is_drifted, Some(true));
    hashes.push(drifted.plan_hash);
    run(&mut admin, "ALTER TABLE atelier.a DROP COLUMN by_hand").await.expect("changed back");
    assert_eq!(planned(&database, &options).await.plan_hash, hashes[0], "the schema is what it was");

    let later = ("0005_e.expand.sql", "SELECT 1;");
    hashes
        .push(planned(&database, &done(&database, &[TABLE, COLUMN, CONTRACT, later]).await).await.plan_hash);

    let (elsewhere, _admin) = empty().await;
    hashes.push(planned(&elsewhere, &done(&elsewhere, &[TABLE, COLUMN, CONTRACT]).await).await.plan_hash);

    assert!(hashes.iter().all(Option::is_some), "{hashes:?}");
    let different: std::collections::BTreeSet<_> = hashes.iter().collect();
    assert_eq!(different.len(), hashes.len(), "{hashes:?}");
}

#[tokio::test]
async fn nothing_can_be_approved_while_something_has_to_run_first() {
    let (database, _admin) = empty().await;
    let later = ("0004_d.expand.sql", "SELECT 1;");
    let all = files(&[TABLE, FILL, CONTRACT, later]);
    done(&database, &[TABLE]).await;
    let waits_for = planned(&database, &all).await.waits_for.expect("the expand");
    assert_eq!((waits_for.file.as_str(), waits_for.phase), (later.0, Phase::Expand));
    up(&database.options(Role::Admin), &all).await.expect("up");
    let plan = planned(&database, &all).await;
    assert_eq!((plan.plan_hash, plan.backfills_pending.as_slice()), (None, &[FILL.0.to_owned()][..]));
    assert_eq!(plan.waits_for.expect("the backfill").phase, Phase::Backfill);
}

#[tokio::test]
async fn an_edited_file_and_a_newer_schema_have_no_plan() {
    let (database, mut admin) = empty().await;
    done(&database, &[TABLE]).await;
    let edited = files(&[("0001_a.expand.sql", "CREATE TABLE atelier.b (n int);")]);
    let error = plan(&database.options(Role::Admin), &edited.migrations).await.expect_err("edited");
    assert!(matches!(error, PlanError::Refused(_)), "{error}");
    run(&mut admin, "UPDATE atelier.schema_meta SET min_app_schema = 9").await.expect("as a contract does");
    let error = plan(&database.options(Role::Admin), &files(&[TABLE]).migrations).await.expect_err("newer");
    assert!(error.to_string().contains("schema 9 or newer"), "{error}");
}
