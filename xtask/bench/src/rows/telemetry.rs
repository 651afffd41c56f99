//! What telemetry costs: everything on against no request lines. Metrics are always on.

use super::CLIENTS;
use crate::error::BenchError;
use crate::load::{Kind, Until};
use crate::measure::{Asked, Bench};
use crate::report::{Findings, Goal, Row};
use crate::rounds::{self, Entry};
use crate::system::Variant;

const GROUP: &str = "telemetry";

pub(super) async fn measure(bench: &Bench, findings: &mut Findings) -> Result<(), BenchError> {
    let silent = Variant { name: "silent", ..bench.plain() }.with("ATELIER_LOG__REQUESTS", "none");
    let entries = [Entry::Ours(bench.plain()), Entry::Ours(silent)];
    for kind in [Kind::Status, Kind::Update] {
        let asked = Asked::closed(kind, CLIENTS, Until::Seconds(bench.options.seconds), 30);
        let runs = rounds::run(bench, findings, GROUP, &entries, asked).await?;
        let what = format!("{} with telemetry", kind.name());
        let rates = runs.ratios(0, 1, |run| run.rate);
        findings.rows.push(Row::timed(GROUP, what.clone(), "rate without", Goal::AtLeast(0.9), &rates));
        let costs = runs.ratios(0, 1, |run| run.server_us);
        findings.rows.push(Row::timed(GROUP, what, "services' CPU without", Goal::Told, &costs));
    }
    Ok(())
}
