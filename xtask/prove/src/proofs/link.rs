//! R1: the way to the database breaks in each of the ways that it can, or the server crashes, under a shop's requests; some seconds
//! after it is as it was, nearly all answers must be right again. The control keeps sqlx's own pool in the place of the service.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rig::system::System;
use testkit::postgres::StopMode;
use testkit::proxy::{Link, Proxy};
use tokio::task::JoinSet;

use crate::Finding;
use crate::cli::Options;
use crate::error::ProveError;
use crate::stage::{Shop, Stage, lasts};
use crate::store::StockPool;

const RATE: f64 = 40.0;
const CLIENTS_OF_POOL: usize = 4;
const BEFORE: Duration = Duration::from_secs(2);
const BROKEN: Duration = Duration::from_secs(10);
/// By when it must be well again, and what that means: the share of right answers from then on.
const HEALED: Duration = Duration::from_secs(5);
const AFTER: Duration = Duration::from_secs(4);
const WELL: f64 = 0.99;
/// Between a pool's answer and its next question.
const PACE: Duration = Duration::from_millis(20);

#[derive(Clone, Copy)]
enum Fault {
    Link(Link),
    /// As by `pg_ctl stop -m immediate`.
    Crash,
}

const FAULTS: [Fault; 5] = [
    Fault::Link(Link::Silent),
    Fault::Link(Link::Forgotten),
    Fault::Link(Link::Reset),
    Fault::Link(Link::Slow(1000)),
    Fault::Crash,
];

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Link(Link::Silent) => "silent",
            Self::Link(Link::Forgotten) => "forgotten",
            Self::Link(Link::Reset) => "reset",
            Self::Link(_) => "1 kB/s",
            Self::Crash => "server crashed",
        })
    }
}

/// Who asks by way of one link.
enum Asker {
    Shop(Box<(Shop, System)>),
    Pool(Arc<Counts>, JoinSet<()>),
}

#[derive(Default)]
struct Counts {
    right: AtomicU64,
    wrong: AtomicU64,
    is_over: AtomicBool,
}

impl Asker {
    async fn start(stage: &Stage, way: &Proxy) -> Result<Self, ProveError> {
        if stage.options.control {
            let pool = Arc::new(StockPool::connect(way.address().port()).await?);
            let (counts, mut clients) = (Arc::<Counts>::default(), JoinSet::new());
            for _ in 0..CLIENTS_OF_POOL {
                clients.spawn(ask(pool.clone(), counts.clone()));
            }
            return Ok(Self::Pool(counts, clients));
        }
        let system = stage.system(&stage.plain(), way.address().port()).await?;
        let shop = stage.shop(system.status, system.orders, RATE).await?;
        Ok(Self::Shop(Box::new((shop, system))))
    }

    /// Right answers and others, so far.
    fn counts(&self) -> (u64, u64) {
        match self {
            Self::Shop(asker) => {
                let report = asker.0.look();
                (report.good, report.wrong())
            }
            Self::Pool(counts, _) => {
                (counts.right.load(Ordering::Relaxed), counts.wrong.load(Ordering::Relaxed))
            }
        }
    }

    async fn end(self) {
        match self {
            Self::Shop(asker) => {
                let (shop, _system) = *asker;
                drop(shop.end().await);
            }
            Self::Pool(counts, clients) => {
                counts.is_over.store(true, Ordering::Relaxed);
                clients.join_all().await;
            }
        }
    }
}

async fn ask(pool: Arc<StockPool>, counts: Arc<Counts>) {
    while !counts.is_over.load(Ordering::Relaxed) {
        let count = if pool.tells().await { &counts.right } else { &counts.wrong };
        count.fetch_add(1, Ordering::Relaxed);
        lasts(PACE).await;
    }
}

pub(super) async fn prove(options: &Options) -> Result<Finding, ProveError> {
    let (batches, beside) = options.either((5, 4), (1, 2));
    let mut stage = Stage::start(options, &[]).await?;
    let (mut figures, mut is_met) = (Vec::new(), true);
    for fault in FAULTS {
        let mut shares = Vec::new();
        for _ in 0..batches {
            shares.extend(batch(&mut stage, fault, beside).await?);
        }
        let well = shares.iter().filter(|share| **share >= WELL).count();
        let worst = shares.iter().copied().fold(1.0, f64::min) * 100.0;
        println!("{fault}: well {well} of {} times, the worst {worst:.1} %", shares.len());
        figures.push(format!("{fault}: {well} of {}, worst {worst:.1} %", shares.len()));
        is_met &= well == shares.len();
    }
    Ok(Finding { figure: figures.join("; "), is_met })
}

/// One fault for several systems at once, each with a way of its own: they mostly wait. Tells of each its share of right answers.
async fn batch(stage: &mut Stage, fault: Fault, beside: usize) -> Result<Vec<f64>, ProveError> {
    let (mut ways, mut askers) = (Vec::new(), Vec::new());
    for _ in 0..beside {
        let way = stage.link().await?;
        askers.push(Asker::start(stage, &way).await?);
        ways.push(way);
    }
    lasts(BEFORE).await;
    match fault {
        Fault::Link(link) => {
            for link in [link, Link::Sound] {
                for way in &ways {
                    way.set(link);
                }
                if link != Link::Sound {
                    lasts(BROKEN).await;
                }
            }
        }
        Fault::Crash => {
            stage.server.stop(StopMode::Immediate).await?;
            lasts(BROKEN).await;
            stage.server.start_again(&mut |_| {}).await?;
        }
    }
    lasts(HEALED).await;
    let before: Vec<_> = askers.iter().map(Asker::counts).collect();
    lasts(AFTER).await;
    let mut shares = Vec::new();
    for (asker, (right, wrong)) in askers.into_iter().zip(before) {
        let now = asker.counts();
        let share = share(now.0 - right, now.1 - wrong);
        if let (Asker::Shop(asker), true) = (&asker, share < WELL) {
            println!("{fault}: {:.1} %: {}", share * 100.0, asker.0.look());
        }
        shares.push(share);
        asker.end().await;
    }
    Ok(shares)
}

/// The share of right answers; none where nothing was answered at all.
#[expect(clippy::cast_precision_loss, reason = "counts of a few seconds")]
fn share(right: u64, wrong: u64) -> f64 {
    right as f64 / (right + wrong).max(1) as f64
}
