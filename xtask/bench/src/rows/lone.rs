//! A client that is alone: batching must not cost it anything.

use super::unbatched;
use crate::error::BenchError;
use crate::load::{Kind, Until};
use crate::measure::{Asked, Bench};
use crate::report::{Findings, Goal, Row};
use crate::rounds::{self, Entry};

const GROUP: &str = "lone";

pub(super) async fn measure(bench: &Bench, findings: &mut Findings) -> Result<(), BenchError> {
    let entries = [Entry::Ours(bench.plain()), Entry::Ours(unbatched(bench))];
    for kind in [Kind::Status, Kind::Update] {
        let asked = Asked::closed(kind, 1, Until::Seconds(bench.options.seconds), 20);
        let runs = rounds::run(bench, findings, GROUP, &entries, asked).await?;
        let ratios = runs.ratios(0, 1, |run| f64::from(run.report.p50_us));
        let what = format!("p50 of a lone client, {}", kind.name());
        findings.rows.push(Row::timed(GROUP, what, "unbatched", Goal::AtMost(1.1), &ratios));
    }
    Ok(())
}
