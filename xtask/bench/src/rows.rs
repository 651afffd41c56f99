//! The rows of the table: which figure, which goal. Each group is a file.

mod cold;
mod crosstalk;
mod footprint;
mod growth;
mod hot;
mod instructions;
mod locked;
mod lone;
mod overload;
mod peers;
mod restarts;
mod silence;
mod telemetry;
mod throughput;
mod trips;

use crate::cli::Group;
use crate::error::BenchError;
use crate::measure::Bench;
use crate::report::Findings;
use rig::system::Variant;

/// Requests at once in every row about a busy service.
const CLIENTS: usize = 64;

/// The key that sets how many requests share a statement.
const BATCH_ITEMS_MAX: &str = "ATELIER_DATABASE__BATCH_ITEMS_MAX";

/// Measures one group and adds its rows.
pub(crate) async fn measure(group: Group, bench: &Bench, findings: &mut Findings) -> Result<(), BenchError> {
    match group {
        Group::Trips => trips::measure(bench, findings).await,
        Group::Crosstalk => crosstalk::measure(bench, findings).await,
        Group::Cold => cold::measure(bench, findings).await,
        Group::Hot => hot::measure(bench, findings).await,
        Group::Instructions => instructions::measure(bench, findings),
        Group::Throughput => throughput::measure(bench, findings).await,
        Group::Lone => lone::measure(bench, findings).await,
        Group::Telemetry => telemetry::measure(bench, findings).await,
        Group::Footprint => footprint::measure(bench, findings).await,
        Group::Overload => overload::measure(bench, findings).await,
        Group::Locked => locked::measure(bench, findings).await,
        Group::Silence => silence::measure(bench, findings).await,
        Group::Restarts => restarts::measure(bench, findings).await,
        Group::Growth => growth::measure(bench, findings).await,
        Group::Peers => peers::measure(bench, findings),
    }
}

/// The same programs told to answer each request by a statement of its own.
fn unbatched(bench: &Bench) -> Variant {
    Variant { name: "unbatched", ..bench.plain() }.with(BATCH_ITEMS_MAX, "1")
}
