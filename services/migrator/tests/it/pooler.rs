//! Through the real `PgBouncer`: where a session is not ours for as long as we are connected nothing is begun, and where it is all works.

use std::process::Command;

use migrator::migrate::lock::LockError;
use migrator::migrate::{BackfillError, ChangeError, backfill_until, status, up, verify};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, Executor, PgConnection, query_scalar};
use testkit::pooler::{Pooler, Pooling};
use testkit::{Role, TestDatabase};

use crate::support::{empty, files};

const TABLE: (&str, &str) = ("0001_a.expand.sql", "CREATE TABLE atelier.a (n int);");
const INDEX: (&str, &str) = (
    "0002_b.expand.sql",
    "-- no-transaction\n-- Why: a test.\nCREATE INDEX CONCURRENTLY IF NOT EXISTS a_n_idx ON atelier.a (n);",
);

async fn pooled(database: &TestDatabase, pooling: Pooling) -> (Pooler, PgConnectOptions) {
    let pooler = Pooler::start(database, pooling, "").await.expect("a pooler");
    let address = pooler.address();
    let options = database.options(Role::Admin).host("127.0.0.1").port(address.port());
    (pooler, options.extra_float_digits(None))
}

#[tokio::test]
#[ignore = "needs pgbouncer"]
async fn behind_a_pool_of_transactions_nothing_is_begun_and_no_lock_is_left() {
    let (database, mut admin) = empty().await;
    let (pooler, through) = pooled(&database, Pooling::Transaction).await;
    let error = up(&through, &files(&[TABLE])).await.expect_err("the lock would be nobody's");
    assert!(matches!(error, ChangeError::Lock(LockError::Pooled)), "{error}");
    let error =
        backfill_until(&through, &files(&[TABLE]), None, std::time::Duration::ZERO, std::future::pending())
            .await
            .expect_err("neither is its lock");
    assert!(matches!(error, BackfillError::Change(ChangeError::Lock(LockError::Pooled))), "{error}");

    let told = Command::new(env!("CARGO_BIN_EXE_migrator"))
        .arg("up")
        .env_clear()
        .env("ATELIER_DATABASE__URL", database.url_through(Role::Admin, pooler.address()))
        .output()
        .expect("the binary runs");
    let words = String::from_utf8_lossy(&told.stderr);
    assert_eq!(told.status.code(), Some(64), "{words}");
    for part in ["a connection pooler is in the way", "database.migrations.host"] {
        assert!(words.contains(part), "{part} is missing in: {words}");
    }

    let left: (bool, i64) = sqlx::query_as(
        "SELECT to_regnamespace('atelier') IS NOT NULL, (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))",
    )
    .fetch_one(&mut admin)
    .await
    .expect("what is left");
    assert_eq!(left, (false, 0));
}

/// Others in the same pool, whose statements make it hand sessions around.
async fn others(through: PgConnectOptions) {
    let ask = async || {
        let mut other = PgConnection::connect_with(&through).await.expect("through the pool");
        loop {
            let work = "SELECT pg_sleep(random() * 0.006)";
            sqlx::query(work).execute(&mut other).await.expect("work");
        }
    };
    tokio::join!(ask(), ask(), ask());
}

#[tokio::test]
#[ignore = "needs pgbouncer"]
async fn a_busy_pool_of_transactions_is_noticed_each_time() {
    for more in
        ["default_pool_size = 2", "default_pool_size = 4", "default_pool_size = 3\nserver_round_robin = 1"]
    {
        let (database, _admin) = empty().await;
        let options = files(&[TABLE]);
        up(&database.options(Role::Admin), &options).await.expect("up, directly");
        let more = format!("max_prepared_statements = 100\n{more}");
        let pooler = Pooler::start(&database, Pooling::Transaction, &more).await.expect("a pooler");
        let through = database.options(Role::Admin).port(pooler.address().port()).extra_float_digits(None);
        let tries = async {
            for number in 0..20 {
                let error = up(&through, &options).await.expect_err("it is a pool of transactions");
                let is_noticed =
                    matches!(error, ChangeError::Lock(LockError::Pooled | LockError::Pooler { .. }));
                assert!(is_noticed, "{more}, try {number}: {error}");
            }
        };
        tokio::select! {
            () = tries => {}
            () = others(through.clone()) => {}
        }
    }
}

#[tokio::test]
#[ignore = "needs pgbouncer"]
async fn behind_a_pool_of_sessions_a_schema_is_made_and_the_lock_ends_with_us() {
    let (database, mut admin) = empty().await;
    let (_pooler, through) = pooled(&database, Pooling::Session).await;
    let options = files(&[TABLE, INDEX]);
    for applied in [2, 0] {
        assert_eq!(up(&through, &options).await.expect("up").applied.len(), applied);
    }
    let found = verify(&through, &options.migrations, None).await.expect("verified");
    assert_eq!(found.findings, []);
    let valid: bool =
        query_scalar("SELECT indisvalid FROM pg_index WHERE indexrelid = 'atelier.a_n_idx'::regclass")
            .fetch_one(&mut admin)
            .await
            .expect("the index");
    assert!(valid);
}

#[tokio::test]
#[ignore = "needs pgbouncer"]
async fn whoever_looks_or_is_refused_leaves_the_pools_session_as_it_was() {
    let (database, mut admin) = empty().await;
    up(&database.options(Role::Admin), &files(&[TABLE])).await.expect("up, directly");
    let pooler =
        Pooler::start(&database, Pooling::Transaction, "default_pool_size = 2").await.expect("a pooler");
    let through = database.options(Role::Admin).port(pooler.address().port()).extra_float_digits(None);
    let options = files(&[TABLE]);
    verify(&through, &options.migrations, None).await.expect("verified");
    status(&through, &options.migrations).await.expect("looked");
    up(&through, &options).await.expect_err("it is a pool of transactions");
    let settings = "SELECT array_agg(name || '=' || setting ORDER BY name) FROM pg_settings
        WHERE source = 'session' AND name IN ('search_path', 'statement_timeout', 'lock_timeout', 'client_min_messages')";
    // Both of the pool's sessions: a transaction keeps its one.
    let mut sessions = Vec::new();
    for _ in 0..2 {
        let mut session = PgConnection::connect_with(&through).await.expect("through the pool");
        session.execute("BEGIN").await.expect("a transaction");
        let set: Option<Vec<String>> =
            query_scalar(settings).fetch_one(&mut session).await.expect("settings");
        assert_eq!(set, None, "nobody set anything");
        sessions.push(session);
    }
    let count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    assert_eq!(
        query_scalar::<_, i64>(count).fetch_one(&mut admin).await.expect("sessions"),
        2,
        "the pool has two"
    );
}
