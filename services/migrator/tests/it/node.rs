//! A migrator whose node is gone in the middle of `CREATE INDEX CONCURRENTLY`: no packet comes any more, not even one that says that
//! its connection is closed. The server has to find out, and the next migrator goes on.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use migrator::migrate::{up, verify};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection, query_scalar};
use testkit::file::TestFile;
use testkit::postgres::{PostgresServer, ServerOptions};
use testkit::wait;

use crate::support::{CONNECTED, DEADLINE, WAITING, files, run};

const TABLE: (&str, &str) = ("0001_a.expand.sql", "CREATE TABLE atelier.a (n int);");
const INDEX: (&str, &str) = (
    "0002_b.expand.sql",
    "-- no-transaction\n-- lock_timeout: 10min\n-- Why: a test.\nCREATE INDEX CONCURRENTLY IF NOT EXISTS a_n_idx ON atelier.a (n);",
);
/// Set in the process that has a network of its own.
const INSIDE: &str = "ATELIER_TEST_NETWORK_OF_ITS_OWN";
const MINUTE: Duration = Duration::from_mins(1);

#[test]
#[ignore = "needs namespaces"]
#[expect(clippy::disallowed_methods, reason = "the same test, told by its parent which part is its own")]
fn a_migrator_whose_node_is_gone_is_followed_within_a_minute() {
    if std::env::var_os(INSIDE).is_some() {
        let figure = tokio::runtime::Runtime::new().expect("a runtime").block_on(inside());
        println!("{figure}");
        return;
    }
    // This test again, where the network can be cut without anybody else noticing.
    let ours = std::env::current_exe().expect("this program");
    let ended = Command::new("unshare")
        .args(["--user", "--map-user=1000", "--map-group=1000", "--keep-caps", "--net", "--kill-child"])
        .arg(ours)
        .args(["--exact", "node::a_migrator_whose_node_is_gone_is_followed_within_a_minute"])
        .args(["--include-ignored", "--nocapture"])
        .env(INSIDE, "1")
        .env_remove("ATELIER_TEST_POSTGRES_URL")
        .output()
        .expect("it runs");
    let told = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success(), "{told}{}", String::from_utf8_lossy(&ended.stderr));
    let figure = told.lines().find(|line| line.starts_with("node gone")).expect("a figure");
    println!("{figure}");
}

fn network(state: &str) {
    let changed = Command::new("ip").args(["link", "set", "lo", state]).status().expect("ip");
    assert!(changed.success(), "lo {state}");
}

/// Waits until so many sessions are as `sql` asks, by a way that needs no network.
async fn count(admin: &mut PgConnection, sql: &'static str, expected: i64, deadline: Duration) {
    let admin = tokio::sync::Mutex::new(admin);
    wait::until(sql, deadline, || async {
        let mut admin = admin.lock().await;
        let found: i64 = query_scalar(sql).fetch_one(&mut **admin).await.expect("a count");
        (found == expected).then_some(())
    })
    .await
    .expect("it comes about");
}

/// The figure.
async fn inside() -> String {
    network("up");
    let place = TestFile::new("").expect("a folder");
    let sockets = Path::new(place.path()).parent().expect("the folder");
    let mut options = ServerOptions::tests();
    options.settings.push(("unix_socket_directories".to_owned(), sockets.display().to_string()));
    let server = PostgresServer::start(options, &mut |_| {}).await.expect("a server");
    let address = server.options("postgres", "postgres");
    let beside = PgConnectOptions::new_without_pgpass()
        .socket(sockets)
        .port(server.port())
        .username("postgres")
        .database("postgres");
    let mut admin = PgConnection::connect_with(&beside).await.expect("by the socket");
    let mut writer = PgConnection::connect_with(&beside).await.expect("by the socket");

    up(&address, &files(&[TABLE])).await.expect("the table");
    let both = files(&[TABLE, INDEX]);
    run(&mut writer, "BEGIN; INSERT INTO atelier.a VALUES (1)").await.expect("a long writer");
    let gone = async {
        count(&mut admin, WAITING, 1, DEADLINE).await;
        network("down");
        let cut = Instant::now();
        count(&mut admin, CONNECTED, 0, 2 * MINUTE).await;
        cut
    };
    // The one whose node goes is never asked again.
    let cut = tokio::select! {
        done = up(&address, &both) => panic!("{done:?}"),
        cut = gone => cut,
    };
    let noticed = cut.elapsed();
    network("up");
    run(&mut writer, "COMMIT").await.expect("the writer is done");
    let report = up(&address, &both).await.expect("the next one");
    let took = cut.elapsed();
    assert_eq!(report.applied.len(), 1);
    assert_eq!(verify(&address, &both.migrations, None).await.expect("verified").findings, []);
    assert!(took < MINUTE, "{took:?}");
    format!(
        "node gone: noticed after {:.1} s, the next migrator had made the index after {:.1} s",
        noticed.as_secs_f64(),
        took.as_secs_f64()
    )
}
