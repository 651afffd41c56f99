//! Round trips: how many statements a request takes, alone and where others wait beside it.

use super::CLIENTS;
use crate::error::BenchError;
use crate::load::{Kind, Until};
use crate::measure::{Asked, Bench};
use crate::report::{Findings, Goal, Row};

const GROUP: &str = "trips";
const REQUESTS: u64 = 5000;

pub(super) async fn measure(bench: &Bench, findings: &mut Findings) -> Result<(), BenchError> {
    let alone = [
        (Kind::Status, Goal::AtMost(1.05)),
        (Kind::Paid, Goal::AtMost(1.05)),
        (Kind::Update, Goal::AtMost(2.1)),
        (Kind::Create, Goal::AtMost(1.05)),
    ];
    for (kind, goal) in alone {
        let run =
            bench.measure(&bench.plain(), Asked::closed(kind, 1, Until::Requests(REQUESTS / 10), 1)).await?;
        let what = format!("{}, a lone client", kind.name());
        findings.rows.push(Row::counted(GROUP, what, "statements a request", goal, run.statements));
        findings.keep(GROUP, &run);
    }
    for (kind, _) in alone {
        let what = format!("{}, {CLIENTS} clients", kind.name());
        let run =
            bench.measure(&bench.plain(), Asked::closed(kind, CLIENTS, Until::Requests(REQUESTS), 2)).await?;
        let goal = if kind == Kind::Status { Goal::AtMost(0.2) } else { Goal::Told };
        findings.rows.push(Row::counted(GROUP, what.clone(), "statements a request", goal, run.statements));
        findings.rows.push(match run.batch {
            Some(batch) => Row::counted(GROUP, what, "requests a batch", Goal::Told, batch),
            None => Row::skipped(GROUP, what, "the metrics tell no batch_size"),
        });
        findings.keep(GROUP, &run);
    }
    Ok(())
}
