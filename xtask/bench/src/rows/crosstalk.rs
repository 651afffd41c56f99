//! Cross-talk: a mixture of everything, each answer held against what the population's formula or an acknowledged write says.

use super::CLIENTS;
use crate::error::BenchError;
use crate::load::{self, Kind, Until};
use crate::measure::{Asked, Bench, as_float};
use crate::report::{Findings, Goal, Row};

const GROUP: &str = "crosstalk";
const REQUESTS: u64 = 1_000_000;
const REQUESTS_QUICK: u64 = 20_000;

pub(super) async fn measure(bench: &Bench, findings: &mut Findings) -> Result<(), BenchError> {
    let requests = if bench.options.quick { REQUESTS_QUICK } else { REQUESTS };
    let asked = Asked::closed(Kind::Mixed, CLIENTS, Until::Requests(requests), 3);
    let copy = bench.copy().await?;
    let system = bench.start(&bench.plain(), &copy).await?;
    bench.warm(&system, asked).await?;
    let report = load::run(asked.spec(&system, bench.population, false), None).await?;
    for example in &report.examples {
        findings.notes.push(format!("crosstalk: {example}"));
    }
    let of = format!("of {} answers", report.answered());
    let counts = [
        ("answers that are not so", Goal::AtMost(0.0), report.mismatches),
        ("answers of another status, broken connections", Goal::AtMost(0.0), report.failed + report.broken),
        // A machine that is busy with something else lets deadlines pass.
        ("503 with Retry-After", Goal::Told, report.refused),
    ];
    for (what, goal, count) in counts {
        findings.rows.push(Row::counted(GROUP, what, of.clone(), goal, as_float(count)));
    }
    findings.keep(GROUP, &report);
    copy.check_history_law().await?;
    Ok(())
}
