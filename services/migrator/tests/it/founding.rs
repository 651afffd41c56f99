//! A new database: nobody has ever worked there, so nobody has to approve anything, and afterwards everything is as in one that grew.

use migrator::migrate::{ChangeError, ChangeOptions, MigrationSet, contract_until, plan, status, up, verify};
use sqlx::{query, query_scalar};
use testkit::Role;

use crate::support::{application, create, empty, expanded, files, run};

const TABLE: (&str, &str) = ("0001_a.expand.sql", "CREATE TABLE atelier.a (n int, m int);");
const FILL: (&str, &str) = (
    "0002_b.expand.sql",
    "-- backfill: batch=10\n-- Why: a test.\nUPDATE atelier.a SET m = n WHERE n IN (SELECT n FROM atelier.a WHERE m IS NULL LIMIT $1);",
);
const CONTRACT: (&str, &str) = ("0003_c.contract.sql", "ALTER TABLE atelier.a DROP COLUMN n;");
const LATER: (&str, &str) = ("0004_d.expand.sql", "ALTER TABLE atelier.a ADD COLUMN k int;");
const SECOND: (&str, &str) = ("0005_e.contract.sql", "ALTER TABLE atelier.a DROP COLUMN m;");

#[tokio::test]
async fn all_files_run_in_order_and_nothing_is_left_to_approve() {
    let (database, _admin) = empty().await;
    let address = database.options(Role::Admin);
    let all = files(&[TABLE, FILL, CONTRACT, LATER]);
    let planned = plan(&address, &all.migrations).await.expect("a plan");
    let names: Vec<&str> = planned.up.iter().map(|file| file.file.as_str()).collect();
    assert_eq!(names, [TABLE.0, CONTRACT.0, LATER.0]);
    assert_eq!((planned.contracts.len(), planned.plan_hash, planned.backfills_pending.len()), (0, None, 0));

    let report = up(&address, &all).await.expect("founded");
    assert_eq!(report.applied.iter().map(|it| it.file.as_str()).collect::<Vec<_>>(), names);
    assert_eq!((report.contracts_pending, report.backfills_pending), (vec![], vec![]));
    let status = status(&address, &all.migrations).await.expect("a state");
    assert_eq!((status.schema_version, status.min_app_schema), (4, 1), "as if each had been approved");
    assert_eq!(up(&address, &all).await.expect("again").applied, []);
}

#[tokio::test]
async fn from_then_on_contracts_wait_although_no_row_was_ever_written() {
    let (database, _admin) = empty().await;
    let address = database.options(Role::Admin);
    up(&address, &files(&[TABLE, FILL, CONTRACT, LATER])).await.expect("founded");
    let report = up(&address, &files(&[TABLE, FILL, CONTRACT, LATER, SECOND])).await.expect("up");
    assert_eq!((report.applied, report.contracts_pending), (vec![], vec![SECOND.0.to_owned()]));
}

#[tokio::test]
async fn an_approval_that_was_left_lying_is_for_nothing_in_a_new_database() {
    let (database, mut admin) = empty().await;
    let address = database.options(Role::Admin);
    let all = files(&[TABLE, FILL, CONTRACT, LATER]);
    let early = contract_until(&address, &all, "of-another-database", std::future::pending()).await;
    assert_eq!(early.expect("nothing to do").applied, []);
    let made: i64 = query_scalar("SELECT count(*) FROM atelier._sqlx_migrations")
        .fetch_one(&mut admin)
        .await
        .expect("a number");
    assert_eq!(made, 0);
    assert_eq!(up(&address, &all).await.expect("founded all the same").applied.len(), 3);
    let late = contract_until(&address, &all, "of-another-database", std::future::pending()).await;
    assert_eq!(late.expect("nothing to do").applied, []);
}

#[tokio::test]
async fn a_founding_that_failed_on_the_way_goes_on_as_one() {
    let (database, mut admin) = empty().await;
    let address = database.options(Role::Admin);
    let broken = ("0004_d.expand.sql", "SELECT 1 / 0;");
    up(&address, &files(&[TABLE, FILL, CONTRACT, broken, SECOND])).await.expect_err("it fails");
    let left: i64 = query_scalar("SELECT count(*) FROM atelier._sqlx_migrations")
        .fetch_one(&mut admin)
        .await
        .expect("a number");
    assert_eq!(left, 2, "what ran stays");
    let report = up(&address, &files(&[TABLE, FILL, CONTRACT, LATER, SECOND])).await.expect("founded");
    assert_eq!(report.applied.iter().map(|it| it.file.as_str()).collect::<Vec<_>>(), [LATER.0, SECOND.0]);
}

#[tokio::test]
async fn a_database_of_before_foundings_were_known_is_none_and_its_looks_are_no_drift() {
    let (database, mut admin) = empty().await;
    let address = database.options(Role::Admin);
    up(&address, &files(&[TABLE])).await.expect("founded");
    run(&mut admin, "ALTER TABLE atelier.schema_meta DROP COLUMN is_founding").await.expect("as it was");
    let looks = files(&[TABLE, LATER]);
    query("UPDATE atelier.schema_meta SET fingerprint = NULL").execute(&mut admin).await.expect("unknown");
    up(&address, &looks).await.expect("its looks are written down");
    run(&mut admin, "ALTER TABLE atelier.schema_meta DROP COLUMN is_founding").await.expect("as it was");
    let waiting = files(&[TABLE, LATER, SECOND]);
    let planned =
        plan(&address, &waiting.migrations).await.expect("a plan of a database without that column");
    assert_eq!(planned.contracts.len(), 1);
    let report = up(&address, &waiting).await.expect("up");
    assert_eq!(report.contracts_pending, [SECOND.0]);
}

#[tokio::test]
async fn a_founding_that_was_cut_short_is_none_any_more_once_somebody_works_there() {
    let contract = ("0009_z.contract.sql", "DROP TABLE atelier.erasures CASCADE;");
    for is_sold in [true, false] {
        let (database, mut admin) = empty().await;
        let address = database.options(Role::Admin);
        let ours = ChangeOptions::embedded().expect("the embedded files");
        up(&address, &ours).await.expect("founded");
        run(&mut admin, "UPDATE atelier.schema_meta SET is_founding = true").await.expect("as if cut short");
        let old = if is_sold {
            run(&mut admin, &create(1)).await.expect("an order");
            None
        } else {
            Some(application(&database, "atelier/orders schema=4").await)
        };
        let files = ours.migrations.iter().map(|file| (&*file.file, &*file.sql)).chain([contract]);
        let signed: Vec<(String, String)> = files
            .map(|(name, sql)| {
                let why = if sql.starts_with("--") { "" } else { "-- Why: a test.\n" };
                (name.to_owned(), format!("{why}{sql}"))
            })
            .collect();
        let migrations =
            MigrationSet::parse(signed.iter().map(|(name, sql)| (&**name, &**sql))).expect("well-formed");
        let next = ChangeOptions { migrations, ..ours };
        let planned = plan(&address, &next.migrations).await.expect("a plan");
        assert_eq!((planned.up.len(), planned.contracts.len()), (0, 1), "sold: {is_sold}");
        let report = up(&address, &next).await.expect("up");
        assert_eq!((report.applied.len(), report.contracts_pending.len()), (0, 1), "sold: {is_sold}");
        drop(old);
        let is_founding: bool = query_scalar("SELECT is_founding FROM atelier.schema_meta")
            .fetch_one(&mut admin)
            .await
            .expect("a fact");
        assert!(!is_founding, "it ended");
    }
}

#[tokio::test]
async fn a_database_that_lost_a_part_of_its_bookkeeping_is_refused_and_never_looks_new() {
    for lost in [
        "DELETE FROM atelier.schema_meta",
        "DROP TABLE atelier.schema_meta",
        "DROP TABLE atelier.schema_meta_files",
        "DROP TABLE atelier._sqlx_migrations",
    ] {
        let (database, mut admin, whole) = expanded(&[TABLE, CONTRACT]).await;
        let address = database.options(Role::Admin);
        run(&mut admin, lost).await.expect(lost);
        for _ in 0..2 {
            let error = up(&address, &whole).await.expect_err("nothing may run here");
            assert!(matches!(error, ChangeError::Bookkeeping { doing: "read", .. }), "{lost}: {error}");
        }
        assert!(plan(&address, &whole.migrations).await.is_err(), "{lost}: a plan");
        assert!(verify(&address, &whole.migrations, None).await.is_err(), "{lost}: verified");
        let columns: i64 = query_scalar("SELECT count(*) FROM pg_attribute WHERE attrelid = 'atelier.a'::regclass AND attnum > 0 AND NOT attisdropped")
            .fetch_one(&mut admin)
            .await
            .expect("a number");
        assert_eq!(columns, 2, "{lost}: the contract ran");
    }
}
