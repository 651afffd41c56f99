//! Moves that stay heap-only: they write one page and no index, however many indexes there are.

use std::time::Duration;

use testkit::wait;

use super::CLIENTS;
use crate::error::BenchError;
use crate::load::{self, Kind, Until};
use crate::measure::{Asked, Bench, as_float, sound};
use crate::report::{Findings, Goal, Row};

const GROUP: &str = "hot";
const MOVES: u64 = 4000;
/// A connection tells the statistics of its work within a second, or when it ends.
const TOLD_WITHIN: Duration = Duration::from_secs(10);

pub(super) async fn measure(bench: &Bench, findings: &mut Findings) -> Result<(), BenchError> {
    let copy = bench.copy().await?;
    let system = bench.start(&bench.plain(), &copy).await?;
    let asked = Asked::closed(Kind::Update, CLIENTS, Until::Requests(MOVES), 4);
    let report = load::run(asked.spec(&system, bench.population, false), None).await?;
    sound(asked.kind, &report)?;
    // Stopped, so that its connections end and tell.
    drop(system);
    let good = i64::try_from(report.good).unwrap_or(i64::MAX);
    let all_told = || async {
        match copy.moves().await {
            Ok(moves) if moves.updates < good => None,
            told => Some(told),
        }
    };
    let moves = wait::until("the statistics tell all moves", TOLD_WITHIN, all_told).await??;
    let updates = as_float(moves.updates.unsigned_abs());
    let share = |part: i64| as_float(part.unsigned_abs()) / updates;
    let what = "moves that stay heap-only";
    findings.rows.push(Row::counted(GROUP, what, "of all", Goal::AtLeast(0.9), share(moves.heap_only)));
    let what = "moves that went to another page";
    findings.rows.push(match moves.to_new_page {
        Some(count) => Row::counted(GROUP, what, "of all", Goal::Told, share(count)),
        None => Row::skipped(GROUP, what, "PostgreSQL counts them from 16 on"),
    });
    Ok(())
}
