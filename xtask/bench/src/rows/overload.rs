//! Overload: five times more requests than can be done, at a fixed rate. What can be done still is; the rest is told at once when
//! to come back; and memory does not grow. The generator has a processor of its own, so that it takes none of theirs.
//!
//! It is the database that cannot do more, because it is some milliseconds away and is asked for a few things at a time: on the
//! few processors of one machine a generator could not ask for five times what a service does, nor could anything be left for
//! answers where each refusal takes a good part of what an answer takes.

use std::process::Command;
use std::time::{Duration, Instant};

use testkit::proxy::Link;
use tokio::time::interval;

use super::CLIENTS;
use crate::error::BenchError;
use crate::load::{self, Kind, Report, Until};
use crate::measure::{Asked, Bench, as_float, sound};
use crate::report::{Findings, Goal, Row};
use rig::machine;
use rig::system::{System, Variant};

const GROUP: &str = "overload";
const TIMES: f64 = 5.0;
/// More requests at once than the queue takes.
const CONNECTIONS: usize = 2000;
const QUEUE: &str = "1024";
/// How far away the database is, and how much it is asked for at once.
const FAR: Duration = Duration::from_millis(10);
const BATCH: &str = "8";
const SECONDS: f64 = 60.0;
const SECONDS_QUICK: f64 = 5.0;
/// No answer is waited for longer than a piece of work for the database may take.
const DEADLINE_MS: f64 = 1500.0;
const LOOK: Duration = Duration::from_millis(500);
/// Before memory is looked at, all connections are there: their buffers are no growth.
const SETTLED_AFTER: f64 = 0.25;

pub(super) async fn measure(bench: &Bench, findings: &mut Findings) -> Result<(), BenchError> {
    let cores = machine::cores();
    let has_taskset = Command::new("taskset").arg("--version").output().is_ok();
    if cores < 2 || !has_taskset {
        let why = "wants two processors and taskset, so that the generator takes nothing from the services";
        findings.rows.push(Row::skipped(GROUP, "five times the capacity", why));
        return Ok(());
    }
    let theirs = if cores == 2 { "0".to_owned() } else { format!("0-{}", cores - 2) };
    let ours = (cores - 1).to_string();
    for kind in [Kind::Status, Kind::Create] {
        let variant = Variant { place: Some(theirs.clone()), ..bench.plain() }
            .with("ATELIER_DATABASE__QUEUE_ITEMS_MAX", QUEUE)
            .with("ATELIER_DATABASE__BATCH_ITEMS_MAX", BATCH);
        bench.store.keep_to(&theirs)?;
        let outcome = one(bench, findings, kind, &variant, &ours).await;
        bench.store.keep_to(&format!("0-{}", cores - 1))?;
        outcome?;
    }
    Ok(())
}

async fn one(
    bench: &Bench,
    findings: &mut Findings,
    kind: Kind,
    variant: &Variant,
    ours: &str,
) -> Result<(), BenchError> {
    let copy = bench.copy().await?;
    let (proxy, system) = bench.start_behind(variant, &copy.name).await?;
    proxy.set(Link::Late(FAR));
    let closed = Asked::closed(kind, CLIENTS, Until::Seconds(bench.options.seconds), 40);
    bench.warm(&system, closed).await?;
    let peak = load::run(closed.spec(&system, bench.population, false), Some(ours)).await?;
    sound(kind, &peak)?;

    let seconds = if bench.options.quick { SECONDS_QUICK } else { SECONDS };
    let offered = TIMES * peak.rate();
    let open = Asked {
        clients: CONNECTIONS,
        rate: Some(offered),
        ..Asked::closed(kind, CONNECTIONS, Until::Seconds(seconds), 41)
    };
    let spec = open.spec(&system, bench.population, false);
    let (report, growth) = tokio::join!(load::run(spec, Some(ours)), growth(&system, seconds));
    let report = report?;
    findings.keep(GROUP, (kind.name(), &peak, offered, &report, growth));
    findings.rows.extend(rows(kind, &peak, offered, &report, growth));
    for example in &report.examples {
        findings.notes.push(format!("overload: {example}"));
    }
    drop(system);
    copy.check_history_law().await?;
    Ok(())
}

fn rows(kind: Kind, peak: &Report, offered: f64, report: &Report, growth: f64) -> Vec<Row> {
    let row = |what: &str, of: &str, goal, value| Row {
        timed: true,
        ..Row::counted(GROUP, format!("{}: {what}", kind.name()), of, goal, value)
    };
    let sent = as_float(report.answered() + report.broken);
    let due = (sent + as_float(report.unsent)).max(1.0);
    let wrong = as_float(report.failed + report.broken + report.mismatches);
    vec![
        row("offered", "capacity", Goal::Told, offered / peak.rate()),
        row("really sent", "of what was due", Goal::Told, sent / due),
        row("done under overload", "capacity", Goal::AtLeast(0.9), report.rate() / peak.rate()),
        row("neither done nor 503 with Retry-After", "answers", Goal::AtMost(0.0), wrong),
        row("p99 of what was done", "ms", Goal::AtMost(DEADLINE_MS), f64::from(report.sent_p99_us) / 1e3),
        row("memory at most", "of what it was at first", Goal::AtMost(1.2), growth),
    ]
}

/// The most memory that the services had once all connections were there, as a ratio to what they had then.
async fn growth(system: &System, seconds: f64) -> f64 {
    let begin = Instant::now();
    let mut ticks = interval(LOOK);
    let (mut first, mut most) = (None, 0.0_f64);
    while begin.elapsed().as_secs_f64() < seconds {
        ticks.tick().await;
        if begin.elapsed().as_secs_f64() >= SETTLED_AFTER * seconds {
            let now = machine::memory_mib(&system.pids());
            most = most.max(now);
            first.get_or_insert(now);
        }
    }
    first.map_or(1.0, |first| most / first)
}
