//! PostgreSQL's own load generator with one statement of ours: what the database does when nothing stands before it.

use std::process::Command;

use crate::error::BenchError;
use crate::load::{Report, Until};
use crate::measure::{Asked, Bench, Measured, as_float};
use rig::machine;

const PROGRAM: &str = "pgbench";
const CLIENTS: &str = "8";

/// Whether it is installed.
pub(crate) fn is_there() -> bool {
    Command::new(PROGRAM).arg("--version").output().is_ok_and(|output| output.status.success())
}

/// One run on a fresh copy.
pub(crate) async fn measure(
    bench: &Bench,
    script: &'static str,
    asked: Asked,
) -> Result<Measured, BenchError> {
    let copy = bench.copy().await?;
    let (orders, users) = (bench.population.orders(), bench.population.users());
    let seconds = match asked.until {
        Until::Seconds(seconds) => seconds.round().max(1.0),
        Until::Requests(_) => 1.0,
    };
    let mut command = Command::new(PROGRAM);
    command.args(["--no-vacuum", "--protocol=prepared", "--jobs=1", "--client", CLIENTS]);
    command.arg(format!("--time={seconds:.0}")).arg(format!("--random-seed={}", asked.seed));
    command.arg(format!("--define=orders={orders}")).arg(format!("--define=users={users}"));
    command.arg("--file").arg(concat!(env!("CARGO_MANIFEST_DIR"), "/subject/").to_owned() + script);
    command.arg(bench.store.admin_url(&copy.name));
    let before = machine::cpu_seconds(&[bench.store.postmaster]);
    let ran = tokio::task::spawn_blocking(move || command.output()).await.map_err(std::io::Error::other);
    let output =
        ran.and_then(|output| output).map_err(|source| BenchError::Start { program: PROGRAM, source })?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(BenchError::Ended { program: PROGRAM, status: output.status, said });
    }
    let Some((rate, done)) = parse(&said) else { return Err(BenchError::Unread { program: PROGRAM, said }) };
    let database = machine::cpu_seconds(&[bench.store.postmaster]) - before;
    Ok(Measured {
        name: PROGRAM,
        kind: asked.kind.name(),
        rate,
        server_us: 0.0,
        database_us: database / as_float(done) * 1e6,
        memory_mib: 0.0,
        ready_ms: 0.0,
        statements: 1.0,
        batch: None,
        report: Report { seconds, good: done, ..Report::default() },
    })
}

/// Transactions a second, and how many there were.
fn parse(said: &str) -> Option<(f64, u64)> {
    let after = |mark: &str| said.lines().find_map(|line| line.strip_prefix(mark)?.split([' ', '/']).next());
    Some((
        after("tps = ")?.parse().ok()?,
        after("number of transactions actually processed: ")?.parse().ok()?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pgbench_prints_is_understood() {
        let said = "transaction type: x.sql\nnumber of transactions actually processed: 12345\nlatency average = 1.2 ms\ntps = 6789.012 (without initial connection time)\n";
        assert_eq!(parse(said), Some((6789.012, 12345)));
        assert_eq!(parse("pgbench: error"), None);
    }
}
