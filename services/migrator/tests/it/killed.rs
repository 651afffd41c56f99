//! A migrator that is killed in the middle, or meets another: the next one goes on, and nothing is left half done.

use std::process::{Child, Command, Stdio};

use migrator::migrate::{ChangeOptions, MigrationSet, up, verify};
use sqlx::query_scalar;
use testkit::{Role, TestDatabase};

use crate::support::{CONNECTED, DEADLINE, WAITING, count, empty, files, run};

const TABLE: (&str, &str) = ("0001_a.expand.sql", "CREATE TABLE atelier.a (n int);");
const INDEX: (&str, &str) = (
    "0002_b.expand.sql",
    "-- no-transaction\n-- Why: a test.\nCREATE INDEX CONCURRENTLY IF NOT EXISTS a_n_idx ON atelier.a (n);",
);
const VALID: &str = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'atelier.a_n_idx'::regclass";

fn binary(database: &TestDatabase) -> Child {
    Command::new(env!("CARGO_BIN_EXE_migrator"))
        .arg("up")
        .env_clear()
        .env("ATELIER_DATABASE__URL", database.url(Role::Admin))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary runs")
}

#[tokio::test]
async fn a_binary_that_is_killed_in_the_middle_of_a_file_leaves_nothing_of_it_and_the_next_one_ends_it() {
    let (database, mut admin) = empty().await;
    let all = ChangeOptions::embedded().expect("the embedded files");
    let texts: Vec<(&str, &str)> =
        all.migrations.iter().take(2).map(|file| (file.file.as_str(), file.sql.as_str())).collect();
    let mut first_two = all.clone();
    first_two.migrations = MigrationSet::parse(texts).expect("the first two");
    up(&database.options(Role::Admin), &first_two).await.expect("up");

    // The third file makes functions first, then triggers on a table that is locked.
    run(&mut admin, "BEGIN; LOCK TABLE atelier.orders IN ROW EXCLUSIVE MODE").await.expect("locked");
    let mut killed = binary(&database);
    count(&database, WAITING, 1).await;
    killed.kill().expect("killed");
    killed.wait().expect("gone");
    run(&mut admin, "ROLLBACK").await.expect("freed");
    count(&database, CONNECTED, 0).await;
    let left: i64 = query_scalar(
        "SELECT (SELECT count(*) FROM atelier._sqlx_migrations) + (SELECT count(*) FROM pg_proc WHERE pronamespace = 'atelier'::regnamespace)",
    )
    .fetch_one(&mut admin)
    .await
    .expect("a number");
    assert_eq!(left, 2, "two files and no function");

    let status = binary(&database).wait().expect("ended");
    assert!(status.success(), "{status}");
    let found = verify(&database.options(Role::Admin), &all.migrations, None).await.expect("verified");
    assert_eq!(found.findings, []);
}

#[tokio::test]
async fn an_index_whose_migrator_died_is_made_by_the_next_one() {
    let (database, mut admin) = empty().await;
    let address = database.options(Role::Admin);
    up(&address, &files(&[TABLE])).await.expect("up");
    // Whoever writes to the table keeps CREATE INDEX CONCURRENTLY waiting.
    run(&mut admin, "BEGIN; INSERT INTO atelier.a VALUES (1)").await.expect("a long writer");
    // Patience that outlasts the test: neither its own timeout nor the writer ends the wait of the dead one.
    let patient = INDEX.1.replace("-- Why", "-- lock_timeout: 10min\n-- Why");
    let both = files(&[TABLE, (INDEX.0, &patient)]);
    tokio::select! {
        done = up(&address, &both) => panic!("{done:?}"),
        () = count(&database, WAITING, 1) => {}
    }
    let mut other = database.connect(Role::Admin).await.expect("connected");
    assert!(!query_scalar::<_, bool>(VALID).fetch_one(&mut other).await.expect("an INVALID index is there"));

    // The server looks at its clients every five seconds, and finds that this one is gone.
    count(&database, CONNECTED, 0).await;
    let freed = async {
        count(&database, WAITING, 1).await;
        run(&mut admin, "ROLLBACK").await.expect("freed");
    };
    let (report, ()) = tokio::join!(up(&address, &both), freed);
    assert_eq!(report.expect("up").applied.len(), 1);
    assert!(query_scalar::<_, bool>(VALID).fetch_one(&mut other).await.expect("the index"));
    assert_eq!(verify(&address, &both.migrations, None).await.expect("verified").findings, []);
}

#[tokio::test]
async fn two_migrators_and_an_index_made_concurrently_do_not_deadlock() {
    let (database, mut admin) = empty().await;
    let address = database.options(Role::Admin);
    up(&address, &files(&[TABLE])).await.expect("up");
    run(&mut admin, "BEGIN; INSERT INTO atelier.a VALUES (1)").await.expect("a long writer");
    let both = files(&[TABLE, INDEX]);
    let freed = async {
        // One makes the index and waits for the writer; the other asks for the migration lock again and again.
        count(&database, CONNECTED, 2).await;
        count(&database, WAITING, 1).await;
        run(&mut admin, "COMMIT").await.expect("freed");
    };
    let (one, other, ()) = tokio::join!(up(&address, &both), up(&address, &both), freed);
    let applied = one.expect("up").applied.len() + other.expect("the other up").applied.len();
    assert_eq!(applied, 1);
    assert!(query_scalar::<_, bool>(VALID).fetch_one(&mut admin).await.expect("the index"));
}

#[tokio::test]
async fn a_migrator_whose_node_is_gone_keeps_its_lock_for_a_minute_at_most() {
    let (database, _admin) = empty().await;
    let mut session = migrator::migrate::session::connect(&database.options(Role::Admin), DEADLINE)
        .await
        .expect("a session");
    migrator::migrate::session::own(&mut session).await.expect("it is ours");
    let seconds: i32 = query_scalar(
        "SELECT current_setting('tcp_keepalives_idle')::int
            + current_setting('tcp_keepalives_interval')::int * current_setting('tcp_keepalives_count')::int
            + (SELECT setting::int / 1000 FROM pg_settings WHERE name = 'client_connection_check_interval')",
    )
    .fetch_one(&mut session)
    .await
    .expect("what the system really does");
    assert!((10..=60).contains(&seconds), "{seconds} s");
}
