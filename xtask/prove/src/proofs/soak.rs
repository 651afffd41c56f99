//! soak: a load that the machine carries easily, a fault each minute, for long. Memory and descriptors of both services must stay as
//! they are, and outside the faults nothing may fail.

use std::time::{Duration, Instant};

use catalog_stub::{Behaviour, Reply};
use load_generator::people::People;
use load_generator::work::Work;
use load_generator::{Plan, Target, Until};
use rig::machine;
use rig::system::System;
use testkit::postgres::StopMode;
use testkit::proxy::{Link, Proxy};

use crate::Finding;
use crate::cli::Options;
use crate::error::ProveError;
use crate::stage::{Shop, Stage, lasts};
use crate::store;

/// Of what the machine carried before.
const SHARE: f64 = 0.7;
const MINUTE: Duration = Duration::from_mins(1);
const FAULT: Duration = Duration::from_secs(10);
/// A fault's requests may still fail until then: R1.
const HEALED: Duration = Duration::from_secs(5);
/// Until then programs fill their caches, and the kernel its own.
const WARM_MINUTES: f64 = 5.0;
/// MiB an hour.
const SLOPE_MAX: f64 = 5.0;

#[derive(Clone, Copy, Debug)]
enum Fault {
    Silent,
    Reset,
    Crash,
    CatalogSlow,
    CatalogBroken,
}

const FAULTS: [Fault; 5] =
    [Fault::Silent, Fault::Reset, Fault::Crash, Fault::CatalogSlow, Fault::CatalogBroken];

/// Both services as they were seen at one time: minutes, MiB of each, descriptors of each.
#[derive(Clone, Copy, Debug)]
struct Sample {
    minutes: f64,
    memory: [f64; 2],
    descriptors: [usize; 2],
}

pub(super) async fn prove(options: &Options) -> Result<Finding, ProveError> {
    let minutes = options.either(options.minutes, 2);
    let mut stage = Stage::start(options, &[]).await?;
    let way = stage.link().await?;
    let system = stage.system(&stage.plain(), way.address().port()).await?;
    let rate = SHARE * carried(&system, options.seed).await?;
    println!("{rate:.0} requests a second for {minutes} minutes");
    let shop = stage.shop(system.status, system.orders, rate).await?;
    let begin = Instant::now();
    let (mut samples, mut outside, mut wrong_before) = (Vec::new(), 0, 0);
    for minute in 0..minutes {
        let end = begin + MINUTE * (minute + 1);
        // What fails between the end of one fault and the next.
        lasts(end.saturating_duration_since(Instant::now()).saturating_sub(FAULT + HEALED)).await;
        let sample = sample(&system, begin);
        let report = shop.look();
        let failed = report.wrong() - wrong_before;
        outside += failed;
        println!("{sample:.1?}, {} right, {failed} failed outside faults", report.good);
        samples.push(sample);
        // Nothing is broken in the last minute, so that the end is quiet.
        if minute + 1 < minutes {
            fault(&mut stage, &way, FAULTS[minute as usize % FAULTS.len()]).await?;
            lasts(HEALED).await;
        }
        wrong_before = shop.look().wrong();
    }
    finding(shop, &stage, &samples, minutes, rate, outside).await
}

async fn finding(
    shop: Shop,
    stage: &Stage,
    samples: &[Sample],
    minutes: u32,
    rate: f64,
    outside: u64,
) -> Result<Finding, ProveError> {
    let audited = shop.audited().await;
    let rows = store::orders(&stage.server).await?;
    let warm: Vec<&Sample> = samples.iter().filter(|sample| sample.minutes >= WARM_MINUTES).collect();
    let slope = |at: usize| {
        let points: Vec<_> = warm.iter().map(|sample| (sample.minutes / 60.0, sample.memory[at])).collect();
        slope(&points)
    };
    let (slopes, last) = ([slope(0), slope(1)], samples.last());
    let [first, end] = [warm.first().copied(), last].map(|it| it.map_or([0; 2], |it| it.descriptors));
    let memory = last.map_or([0.0; 2], |sample| sample.memory);
    let figure = format!(
        "{minutes} minutes at {rate:.0} requests a second, {} faults: {outside} failed outside them; order-status {:.0} MiB, {:+.1} an \
         hour, orders {:.0} MiB, {:+.1} an hour; descriptors {first:?} then {end:?}; {}; {rows} rows",
        minutes.saturating_sub(1),
        memory[0],
        slopes[0],
        memory[1],
        slopes[1],
        audited.words()
    );
    // A connection more or less is in the nature of a moment.
    let are_as_many = end.iter().zip(first).all(|(end, first)| *end <= first + 8);
    let is_flat = slopes.iter().all(|slope| *slope <= SLOPE_MAX);
    Ok(Finding { figure, is_met: outside == 0 && is_flat && are_as_many && audited.is_true() })
}

/// Right answers a second of so many clients who ask when they have their answer.
async fn carried(system: &System, seed: u64) -> Result<f64, ProveError> {
    let plan = Plan {
        status: Target::at(system.status, "127.0.0.1")?,
        orders: Target::at(system.orders, "127.0.0.1")?,
        clients: 32,
        rate: None,
        until: Until::Seconds(15.0),
        is_list: false,
    };
    let work = Work::new("carried", People::open("carried"), None, seed);
    Ok(load_generator::start(plan, work).await.end().await.0.rate())
}

fn sample(system: &System, begin: Instant) -> Sample {
    let pids = system.pids();
    Sample {
        minutes: begin.elapsed().as_secs_f64() / 60.0,
        memory: pids.map(|pid| machine::memory_mib(&[pid])),
        descriptors: pids.map(machine::descriptors),
    }
}

async fn fault(stage: &mut Stage, way: &Proxy, fault: Fault) -> Result<(), ProveError> {
    println!("{fault:?}");
    match fault {
        Fault::Silent => way.set(Link::Silent),
        Fault::Reset => way.set(Link::Reset),
        Fault::Crash => stage.server.stop(StopMode::Immediate).await?,
        Fault::CatalogSlow => stage.catalog.behave(Behaviour::slow(Duration::from_secs(4))),
        Fault::CatalogBroken => stage.catalog.behave(Behaviour::reply(Reply::ServerError)),
    }
    lasts(FAULT).await;
    way.set(Link::Sound);
    stage.catalog.behave(Behaviour::default());
    if matches!(fault, Fault::Crash) {
        stage.server.start_again(&mut |_| {}).await?;
    }
    Ok(())
}

/// By how much the second changes for one of the first: the line with the least squares.
fn slope(points: &[(f64, f64)]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a point a minute")]
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let above: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let below: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    if below > 0.0 { above / below } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_keeps_what_it_is_given_has_a_slope_and_one_that_breathes_has_none() {
        let grows: Vec<_> = (0..60_u8).map(|at| (f64::from(at) / 60.0, 20.0 + f64::from(at) / 6.0)).collect();
        assert!((slope(&grows) - 10.0).abs() < 1e-6 && slope(&grows) > SLOPE_MAX);
        let breathes: Vec<_> =
            (0..60_u8).map(|at| (f64::from(at) / 60.0, 20.0 + f64::from(at % 2))).collect();
        assert!(slope(&breathes).abs() < 1.0);
        assert!(slope(&[(1.0, 2.0)]).abs() < 1e-9);
    }
}
