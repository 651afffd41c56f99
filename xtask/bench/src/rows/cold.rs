//! Lists whose models nobody has asked for yet: how long with a slow catalog, and how often it is asked.

use std::time::{Duration, Instant};

use catalog_stub::Behaviour;

use crate::error::BenchError;
use crate::load::{self, Kind, Spec, Until};
use crate::measure::{Asked, Bench, as_float};
use crate::population::COLD_ORDERS;
use crate::report::{Findings, Goal, Row};
use rig::system::System;

const GROUP: &str = "cold";
const CATALOG_DELAY: Duration = Duration::from_millis(20);
/// The same list, asked for by so many at once.
const AT_ONCE: usize = 200;

pub(super) async fn measure(bench: &Bench, findings: &mut Findings) -> Result<(), BenchError> {
    bench.catalog.behave(Behaviour::slow(CATALOG_DELAY));
    let outcome = measure_slow(bench, findings).await;
    bench.catalog.behave(Behaviour::default());
    outcome
}

async fn measure_slow(bench: &Bench, findings: &mut Findings) -> Result<(), BenchError> {
    let copy = bench.copy().await?;
    let system = bench.start(&bench.plain(), &copy).await?;
    let rounds = if bench.options.quick { 1 } else { bench.options.rounds };
    let mut ratios = Vec::new();
    for round in 0..i64::try_from(rounds).unwrap_or(1) {
        let took = list(bench, &system, round, 1).await?;
        let one_after_another = one_by_one(bench, round).await?;
        findings.keep(GROUP, (took.as_secs_f64(), one_after_another.as_secs_f64()));
        ratios.push(took.as_secs_f64() / one_after_another.as_secs_f64());
    }
    if !bench.options.quick {
        let what = "cold list, 50 models, 20 ms catalog";
        findings.rows.push(Row::timed(GROUP, what, "one after another", Goal::AtMost(0.15), &ratios));
    }
    bench.catalog.forget_calls();
    list(bench, &system, 99, AT_ONCE).await?;
    let calls = as_float(u64::try_from(bench.catalog.calls_total()).unwrap_or_default());
    let models = as_float(COLD_ORDERS.unsigned_abs());
    let what = format!("catalog calls, {AT_ONCE} identical cold lists");
    findings.rows.push(Row::counted(GROUP, what, "calls a model", Goal::AtMost(1.0), calls / models));
    Ok(())
}

/// The nth cold user's list, asked for once by each of `clients` at the same moment.
async fn list(bench: &Bench, system: &System, n: i64, clients: usize) -> Result<Duration, BenchError> {
    let kind = Kind::Cold(bench.population.cold_user(n));
    let count = u64::try_from(clients).unwrap_or_default();
    let asked = Asked::closed(kind, clients, Until::Requests(count), 1);
    let spec: Spec = asked.spec(system, bench.population, false);
    let report = load::run(spec, None).await?;
    // A busy machine may refuse some of them; none may be answered wrongly.
    if report.good == 0 || report.mismatches + report.failed + report.broken > 0 {
        return Err(BenchError::Wrong { what: kind.name(), report: Box::new(report) });
    }
    Ok(Duration::from_micros(report.p50_us.into()))
}

/// The same number of other models, asked of the catalog as the replaced service did: each when the one before was there.
async fn one_by_one(bench: &Bench, round: i64) -> Result<Duration, BenchError> {
    let begin = Instant::now();
    for n in 0..COLD_ORDERS {
        let path = format!("/catalog/models/id/{:024x}", 0xabc0_0000 + round * COLD_ORDERS + n);
        rig::system::ask_status(bench.catalog.address(), &path).await?;
    }
    Ok(begin.elapsed())
}
