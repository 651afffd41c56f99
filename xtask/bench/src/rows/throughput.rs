//! Requests a second at 64 clients, what one costs, and how that compares with the database alone. The control comes first.

use super::CLIENTS;
use crate::error::BenchError;
use crate::load::{Kind, Until};
use crate::measure::{Asked, Bench};
use crate::pgbench;
use crate::report::{Findings, Goal, Row};
use crate::rounds::{self, Entry, Figure};
use rig::system::Variant;

const GROUP: &str = "throughput";
/// The control's ratio may lie so far from 1 before times are no evidence.
const CONTROL: std::ops::RangeInclusive<f64> = 0.9..=1.1;

/// A kind, and where there is a floor of its statement: the script, and the least ratio to it.
type Test = (Kind, Option<(&'static str, f64)>);

const TESTS: [Test; 4] = [
    (Kind::Status, Some(("pgbench-status.sql", 0.85))),
    (Kind::Update, Some(("pgbench-update.sql", 1.5))),
    (Kind::Create, None),
    (Kind::Paid, None),
];

pub(super) async fn measure(bench: &Bench, findings: &mut Findings) -> Result<(), BenchError> {
    let asked = |kind| Asked::closed(kind, CLIENTS, Until::Seconds(bench.options.seconds), 10);
    let again = Variant { name: "again", ..bench.plain() };
    let pair = [Entry::Ours(bench.plain()), Entry::Ours(again)];
    for kind in [Kind::Status, Kind::Update] {
        let runs = rounds::run(bench, findings, "control", &pair, asked(kind)).await?;
        let ratios = runs.ratios(1, 0, |run| run.rate);
        let row = Row::timed(GROUP, format!("control: {}", kind.name()), "itself", Goal::Told, &ratios);
        if let Some(found) = row.figure.filter(|found| !CONTROL.contains(&found.median)) {
            findings.notes.push(format!(
                "The control failed ({}): the same against itself gave {:.2}. The machine is too noisy: times are no evidence.",
                kind.name(),
                found.median
            ));
        }
        findings.rows.push(row);
    }
    for (kind, floor) in TESTS {
        let mut entries = vec![Entry::Ours(bench.plain())];
        let floor = floor.filter(|_| pgbench::is_there());
        entries.extend(floor.map(|(script, _)| Entry::Pgbench(script)));
        let runs = rounds::run(bench, findings, GROUP, &entries, asked(kind)).await?;
        if let Some((_, goal)) = floor {
            let ratios = runs.ratios(0, 1, |run| run.rate);
            findings.rows.push(Row::timed(GROUP, kind.name(), "pgbench", Goal::AtLeast(goal), &ratios));
        }
        let told: [(&str, Figure); 4] = [
            ("requests a second", |run| run.rate),
            ("µs of the services' CPU a request", |run| run.server_us),
            ("µs of the database's CPU a request", |run| run.database_us),
            ("MiB of both services", |run| run.memory_mib),
        ];
        for (of, figure) in told {
            findings.rows.push(Row::timed(GROUP, kind.name(), of, Goal::Told, &runs.of(0, figure)));
        }
    }
    if !pgbench::is_there() {
        findings.rows.push(Row::skipped(GROUP, "against pgbench", "pgbench is not installed"));
    }
    Ok(())
}
