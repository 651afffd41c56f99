//! Restarts: of two instances of order-status behind a balancer of connections one after the other is asked to end and a new one takes its
//! place, while requests come at a steady rate. Nothing is asked twice, and none may be lost. Beside it what is lost where instances are
//! killed: a test that could not fail would show none there either.

use std::path::Path;
use std::time::{Duration, Instant};

use testkit::balancer::{Backend, Balancer};
use tokio::time::interval;

use super::CLIENTS;
use crate::error::BenchError;
use crate::load::{self, Kind, Report, Spec, Until};
use crate::measure::{Bench, as_float};
use crate::report::{Findings, Goal, Row};
use rig::system::{ORDER_STATUS, Service, Variant};

const GROUP: &str = "restarts";
const RATE: f64 = 1000.0;
const RESTARTS: u32 = 20;
const RESTARTS_QUICK: u32 = 4;
/// Enough to see that something is lost.
const KILLS: u32 = 4;
/// From one restart to the next.
const PERIOD: Duration = Duration::from_secs(8);
/// As in a new installation.
const DELAY_MS: &str = "5000";
const PATIENCE: Duration = Duration::from_secs(30);

/// How an instance ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Asked,
    Killed,
}

pub(super) async fn measure(bench: &Bench, findings: &mut Findings) -> Result<(), BenchError> {
    let restarts = if bench.options.quick { RESTARTS_QUICK } else { RESTARTS };
    let asked = one(bench, findings, Ending::Asked, restarts).await?;
    findings.rows.push(lost("lost", restarts, Goal::AtMost(0.0), &asked));
    let p99_ms = f64::from(asked.p99_us) / 1e3;
    findings.rows.push(Row { timed: true, ..Row::counted(GROUP, "p99 meanwhile", "ms", Goal::Told, p99_ms) });
    let killed = one(bench, findings, Ending::Killed, KILLS).await?;
    findings.rows.push(lost("lost where they are killed", KILLS, Goal::Told, &killed));
    Ok(())
}

/// Whatever was due and has no right answer, for whatever reason.
fn lost(what: &str, restarts: u32, goal: Goal, report: &Report) -> Row {
    let due = report.answered() + report.broken + report.unsent;
    let of = format!("of {due} requests, {restarts} restarts");
    Row { timed: true, ..Row::counted(GROUP, what, of, goal, as_float(due - report.good)) }
}

/// One load from before the first restart to after the last.
async fn one(
    bench: &Bench,
    findings: &mut Findings,
    ending: Ending,
    restarts: u32,
) -> Result<Report, BenchError> {
    let copy = bench.copy().await?;
    let [url, _] = bench.store.urls(&copy.name);
    let variant = bench.plain().with("ATELIER_SHUTDOWN__DELAY_MS", DELAY_MS);
    let place = Place { variant, url, log: &bench.log, balancer: Balancer::start().await? };
    let instances = [place.start().await?, place.start().await?];
    place.balancer.until_ready(instances.len(), PATIENCE).await?;

    let seconds = PERIOD.as_secs_f64() * f64::from(restarts + 1);
    let spec = Spec {
        status: place.balancer.address(),
        // Nothing is asked there.
        orders: place.balancer.address(),
        population: bench.population.orders(),
        kind: Kind::Keyed,
        clients: CLIENTS,
        rate: Some(RATE),
        until: Until::Seconds(seconds),
        seed: 50,
        moved_before: 0,
        warming: false,
    };
    let begin = Instant::now();
    let restarted = async {
        let instances = place.restart(instances, ending, restarts).await?;
        Ok::<_, BenchError>((instances, begin.elapsed()))
    };
    let (report, restarted) = tokio::join!(load::run(spec, None), restarted);
    let (_instances, took) = restarted?;
    let report = report?;
    findings.keep(GROUP, (restarts, ending == Ending::Asked, &report));
    findings.notes.extend(report.examples.iter().map(|example| format!("{GROUP}: {example}")));
    copy.check_history_law().await?;
    // A restart that no request saw would prove nothing.
    if took.as_secs_f64() < seconds { Ok(report) } else { Err(BenchError::Late { what: GROUP, took }) }
}

/// Where instances are started.
struct Place<'a> {
    variant: Variant,
    url: String,
    log: &'a Path,
    balancer: Balancer,
}

impl Place<'_> {
    async fn start(&self) -> Result<Service, BenchError> {
        let service = Service::start(&self.variant, ORDER_STATUS, &self.url, &[], self.log)?;
        service.until_ready(self.log).await?;
        self.balancer.add(backend(&service));
        Ok(service)
    }

    /// Restarts them in turn, at a steady pace.
    async fn restart(
        &self,
        instances: [Service; 2],
        ending: Ending,
        restarts: u32,
    ) -> Result<[Service; 2], BenchError> {
        let mut ticks = interval(PERIOD);
        ticks.tick().await;
        let [mut next, mut after] = instances;
        for _ in 0..restarts {
            ticks.tick().await;
            let backend = backend(&next);
            match ending {
                Ending::Asked => next.end().await?,
                Ending::Killed => drop(next),
            }
            self.balancer.remove(backend);
            (next, after) = (after, self.start().await?);
            self.balancer.until_ready(2, PATIENCE).await?;
        }
        Ok([next, after])
    }
}

fn backend(service: &Service) -> Backend {
    Backend { api: service.api, ops: service.ops }
}
