//! Growth: what a lone client's calls take as the number of orders grows. Every size has its database; each round asks all of them.

use std::fs;

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use crate::error::BenchError;
use crate::load::{Kind, Until};
use crate::measure::{Asked, Bench, Measured, sound};
use crate::population::Population;
use crate::report::{Findings, Goal, Row};
use crate::rounds::Figure;

const GROUP: &str = "growth";
/// Of a call that moves an order: there are only so many to move.
const REQUESTS: u64 = 400;
/// Of one that reads: processor time is told in hundredths of a second.
const REQUESTS_READ: u64 = 4_000;
const REQUESTS_WARM: u64 = 100;
/// How much more of a call's time a larger size may take.
const GOAL: f64 = 1.3;

const CALLS: [Kind; 7] =
    [Kind::Status, Kind::Order, Kind::History, Kind::Paid, Kind::Busy, Kind::Update, Kind::Create];

/// Measurements of one size: by round, by call.
type OfSize = Vec<Vec<Measured>>;

pub(super) async fn measure(bench: &Bench, findings: &mut Findings) -> Result<(), BenchError> {
    let mut sizes = Vec::new();
    for orders in &bench.options.orders {
        let population = Population::of(*orders).ok_or(BenchError::Population(*orders))?;
        // Each round moves orders that no other round moved.
        if population.users().unsigned_abs() < bench.options.rounds * REQUESTS_WARM {
            return Err(BenchError::Few { orders: *orders, rounds: bench.options.rounds });
        }
        eprintln!("growth: seeding {orders} orders");
        bench.store.seed(&name(population), population, true).await?;
        sizes.push((population, OfSize::new()));
    }
    for round in 0..bench.options.rounds {
        let mut order: Vec<usize> = (0..sizes.len()).collect();
        order.shuffle(&mut StdRng::seed_from_u64(round));
        for at in order {
            let (population, measured) = &mut sizes[at];
            let calls = calls(bench, *population, round).await?;
            for call in &calls {
                findings.keep(GROUP, (population.orders(), call));
            }
            measured.push(calls);
        }
        eprintln!("growth: round {} of {}", round + 1, bench.options.rounds);
    }
    findings.rows.extend(rows(&sizes));
    if let (Some(file), Some((largest, _))) = (&bench.options.plans, sizes.last()) {
        let plans = plans(bench, *largest).await?;
        fs::write(file, plans).map_err(BenchError::file(file))?;
    }
    Ok(())
}

fn name(population: Population) -> String {
    format!("grown_{}", population.orders())
}

/// All calls, one after another, on one size.
async fn calls(bench: &Bench, population: Population, round: u64) -> Result<Vec<Measured>, BenchError> {
    let copy = bench.store.in_place(&name(population)).await?;
    let system = bench.start(&bench.plain(), &copy).await?;
    let before = |requests: u64| i64::try_from(round * requests).unwrap_or_default();
    let mut measured = Vec::new();
    for kind in CALLS {
        let warm = Asked {
            moved_before: before(REQUESTS_WARM),
            ..Asked::closed(kind, 1, Until::Requests(REQUESTS_WARM), 1000 + round)
        };
        let mut spec = warm.spec(&system, population, true);
        sound(kind, &crate::load::run(spec.clone(), None).await?)?;
        let requests = if kind.writes() { REQUESTS } else { REQUESTS_READ };
        let asked = Asked {
            moved_before: before(REQUESTS),
            ..Asked::closed(kind, 1, Until::Requests(requests), 2000 + round)
        };
        spec = asked.spec(&system, population, false);
        measured.push(bench.observe("atelier", &system, &copy, asked.kind, spec).await?);
    }
    Ok(measured)
}

/// A row for each call and each size above the smallest, for its time and for its cost.
fn rows(sizes: &[(Population, OfSize)]) -> Vec<Row> {
    let Some(((_, smallest), larger)) = sizes.split_first() else { return Vec::new() };
    let mut rows = Vec::new();
    for (at, kind) in CALLS.iter().enumerate() {
        for (population, measured) in larger {
            let ratios = |figure: Figure| -> Vec<f64> {
                let pairs = measured.iter().zip(smallest);
                pairs.map(|(large, small)| figure(&large[at]) / figure(&small[at])).collect()
            };
            let what = format!("{}, {} orders", kind.name(), population.orders());
            let time = ratios(|run| f64::from(run.report.p50_us));
            let cost = ratios(|run| run.server_us + run.database_us);
            rows.push(Row::timed(
                GROUP,
                what.clone(),
                "median time of the smallest",
                Goal::AtMost(GOAL),
                &time,
            ));
            rows.push(Row::timed(GROUP, what, "CPU of the smallest", Goal::Told, &cost));
        }
    }
    rows
}

/// What the services' own statements do on this size.
async fn plans(bench: &Bench, population: Population) -> Result<String, BenchError> {
    let copy = bench.store.in_place(&name(population)).await?;
    copy.explain().await?;
    let system = bench.start(&bench.plain(), &copy).await?;
    for (kind, number) in CALLS.into_iter().zip(0..) {
        let moved_before = i64::try_from(bench.options.rounds * REQUESTS).unwrap_or_default();
        let asked = Asked {
            moved_before,
            // More than the five executions after which PostgreSQL may settle for a plan that fits any parameters.
            ..Asked::closed(kind, 1, Until::Requests(40), 3000 + number)
        };
        sound(kind, &crate::load::run(asked.spec(&system, population, false), None).await?)?;
    }
    drop(system);
    Ok(copy.plans()?)
}
