//! What telemetry costs: request lines and one trace in a hundred against neither. Metrics are always on.

use testkit::otlp::SpanReceiver;

use super::CLIENTS;
use crate::error::BenchError;
use crate::load::{Kind, Until};
use crate::measure::{Asked, Bench};
use crate::report::{Findings, Goal, Row};
use crate::rounds::{self, Entry};
use rig::system::Variant;

const GROUP: &str = "telemetry";

pub(super) async fn measure(bench: &Bench, findings: &mut Findings) -> Result<(), BenchError> {
    let collector = SpanReceiver::start().await.map_err(BenchError::Collector)?;
    let silent = Variant { name: "silent", ..bench.plain() }.with("ATELIER_LOG__REQUESTS", "none");
    let telling = Variant { name: "telling", ..bench.plain() }
        .with("ATELIER_TELEMETRY__OTLP__PROTOCOL", "http/protobuf")
        .with("ATELIER_TELEMETRY__OTLP__ENDPOINT", collector.endpoint());
    let entries = [Entry::Ours(telling), Entry::Ours(silent)];
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
