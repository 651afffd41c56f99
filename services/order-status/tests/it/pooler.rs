//! Through the real `PgBouncer`, which pools transactions: statements of one of our connections go to sessions of several, and every
//! request is answered as ever.

use sqlx::query_scalar;
use testkit::pooler::{Pooler, Pooling};
use testkit::{Role, TestDatabase};

use crate::support::program::Program;
use crate::support::{Instance, PATIENT, settings, shop};

/// Fewer sessions than the service has connections, so that they change hands.
const FEW: &str = "max_prepared_statements = 100\ndefault_pool_size = 3";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs pgbouncer"]
async fn a_shop_behind_a_pool_of_transactions_is_served_and_no_request_fails() {
    let database = TestDatabase::create().await.expect("a database");
    shop::seed(&database).await;
    let pooler = Pooler::start(&database, Pooling::Transaction, FEW).await.expect("a pooler");
    let url = database.url_through(Role::Writer, pooler.address());
    let instance = Instance::start(&settings(&url, &PATIENT)).await;
    instance.until_ready().await;
    let front = Instance::at(instance.address, instance.ops_address);
    let load = shop::load(front).await;
    for _ in 0..4 {
        load.goes_on().await;
    }
    let mut admin = database.connect(Role::Admin).await.expect("the superuser");
    let sessions: i64 = query_scalar(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = $1",
    )
    .bind(database.user(Role::Writer))
    .fetch_one(&mut admin)
    .await
    .expect("a count");
    assert!((1..=3).contains(&sessions), "{sessions} sessions behind the pooler");
    println!("through a pooler: {}", load.end_without_failure().await);
    shop::check(&database).await;
}

#[tokio::test]
#[ignore = "needs pgbouncer"]
async fn doctor_tells_the_time_out_that_holds_in_the_end() {
    let database = TestDatabase::create().await.expect("a database");
    let pooler = Pooler::start(&database, Pooling::Transaction, FEW).await.expect("a pooler");
    let doctor = async |url: String| {
        let environment = [
            ("ATELIER_DATABASE__URL", url.as_str()),
            ("ATELIER_DATABASE__STATEMENT_TIMEOUT_MS", "1234"),
            ("ATELIER_AUTH__MODE", "open"),
        ];
        Program::run(&["doctor"], &environment).await.output
    };
    let directly = doctor(database.url(Role::Writer)).await;
    assert!(directly.contains("a statement may take 1234ms"), "{directly}");
    // The pooler takes no parameter of ours, so the login's own holds, as `migrator roles --print-sql` set it.
    let through = doctor(database.url_through(Role::Writer, pooler.address())).await;
    assert!(through.contains("a statement may take 5s"), "{through}");
}
