//! Measures `migrator adopt`: an old database of a million orders with every known defect, adopted by the real program, which is killed
//! three times on its way; then a follow-up that finds nothing, and one that finds a thousand later orders.
//!
//! `cargo build --release -p migrator`, then `cargo run --release -p migrator --example adoption -- 1000000`

#![expect(clippy::print_stdout, reason = "its answer is what it prints")]
#![expect(clippy::disallowed_methods, reason = "it waits for a program that it is going to kill")]

use std::error::Error;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, PgConnection, query_scalar, raw_sql};
use testkit::database::install;
use testkit::postgres::{Durability, PostgresServer, SUPERUSER, ServerOptions};

const TABLES: &str = include_str!("../tests/it/adopt/old.sql");

/// A thousand orders that came later, and a thousand that were paid since.
const LATER: &str = "
    INSERT INTO orders (order_id, requester_id, created_by) SELECT :orders + n, 'late', 'maker' FROM generate_series(1, 1000) AS n;
    INSERT INTO customs (id, user_id, created_by) SELECT :orders + n, 'late', 'maker' FROM generate_series(1, 1000) AS n;
    UPDATE orders SET paid = true WHERE completed AND NOT paid AND order_id BETWEEN :orders - 5000 AND :orders;";

struct Run {
    program: PathBuf,
    old: String,
    new: String,
    csv: PathBuf,
}

impl Run {
    fn start(&self, more: &[&str]) -> std::io::Result<Child> {
        Command::new(&self.program)
            .args(["adopt", "--from", &self.old, "--csv"])
            .arg(&self.csv)
            .args(more)
            .env("ATELIER_DATABASE__URL", &self.new)
            .stderr(Stdio::null())
            .spawn()
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let orders: i64 = std::env::args().nth(1).unwrap_or_else(|| "1000000".to_owned()).parse()?;
    let options = ServerOptions { durability: Durability::Full, ..ServerOptions::tests() };
    let server = PostgresServer::start(options, &mut |_| {}).await?;
    let mut admin = PgConnection::connect_with(&server.options(SUPERUSER, "postgres")).await?;
    for sql in ["CREATE DATABASE old", "CREATE DATABASE new"] {
        raw_sql(sql).execute(&mut admin).await?;
    }
    for role in [testkit::database::OWNER, testkit::database::WRITER, testkit::database::READER] {
        raw_sql(AssertSqlSafe(format!("CREATE ROLE {role} LOGIN"))).execute(&mut admin).await?;
    }
    install(&server.options(SUPERUSER, "new"), "new").await?;
    let mut old = PgConnection::connect_with(&server.options(SUPERUSER, "old")).await?;
    let fill = |sql: &str| AssertSqlSafe(sql.replace(":orders", &orders.to_string()));
    raw_sql(fill(TABLES)).execute(&mut old).await?;
    println!("an old database of {orders} orders is made");

    let url =
        |name: &str| format!("postgres://{SUPERUSER}@127.0.0.1:{}/{name}?sslmode=disable", server.port());
    let program = std::env::current_exe()?.with_file_name("").join("../migrator");
    let csv = std::env::temp_dir().join(format!("adoption-{}.csv", std::process::id()));
    let run = Run { program, old: url("old"), new: url("new"), csv };
    println!("$ migrator adopt --dry-run");
    run.start(&["--dry-run"])?.wait()?;
    let mut new = PgConnection::connect_with(&server.options(SUPERUSER, "new")).await?;
    for part in [1, 2, 3] {
        let begin = std::time::Instant::now();
        let mut killed = run.start(&[])?;
        let reached = loop {
            let reached: Option<i64> = query_scalar("SELECT done_to FROM atelier.schema_meta_adoption")
                .fetch_optional(&mut new)
                .await?;
            match reached {
                Some(reached) if reached >= orders * part / 4 => break reached,
                _ if killed.try_wait()?.is_some() => return Err("it ended before it was killed".into()),
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        };
        killed.kill()?;
        killed.wait()?;
        println!("killed at {reached} after {} ms", begin.elapsed().as_millis());
    }
    println!("$ migrator adopt");
    run.start(&[])?.wait()?;
    println!("$ migrator adopt --quick    # nothing came");
    run.start(&["--quick"])?.wait()?;
    raw_sql(fill(LATER)).execute(&mut old).await?;
    println!("$ migrator adopt --quick    # a thousand came, a thousand were paid");
    run.start(&["--quick"])?.wait()?;
    let told = testkit::check_history_law(&mut new).await;
    println!("history law: {told:?}");
    std::fs::remove_file(&run.csv)?;
    Ok(())
}
