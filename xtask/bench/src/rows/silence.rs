//! The way to the database falls silent for ten seconds, without a word to either end, and comes back: how long until all is well.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use testkit::proxy::Link;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::error::BenchError;
use crate::measure::Bench;
use crate::report::{Findings, Goal, Row};
use crate::store::StockPool;
use rig::system::ask_status;

const GROUP: &str = "silence";
const ROUNDS: usize = 20;
/// As many at once: they mostly wait, and a server takes a hundred connections, of which each may have its own twice.
const BESIDE: usize = 5;
const CLIENTS: usize = 4;
const BEFORE: Duration = Duration::from_secs(1);
const SILENT: Duration = Duration::from_secs(10);
const AFTER: Duration = Duration::from_secs(8);
/// Between a client's answer and its next question.
const PACE: Duration = Duration::from_millis(20);
/// By when a round must be well again, and what that means: the share of right answers from then on.
const HEALED: Duration = Duration::from_secs(5);
const WELL: f64 = 0.99;
/// No client waits longer than this for an answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// When a question was asked, and whether it was answered.
type Asked = (Instant, bool);

pub(super) async fn measure(bench: &Bench, findings: &mut Findings) -> Result<(), BenchError> {
    // Nothing is written, so one copy does for all.
    let copy = bench.copy().await?;
    for (link, what) in
        [(Link::Silent, "the way is silent"), (Link::Forgotten, "the way is silent and forgets connections")]
    {
        let (mut ours, mut stock) = (0, 0);
        for _ in 0..ROUNDS / BESIDE {
            let rounds = (0..BESIDE).map(|_| round(bench, &copy.name, link));
            for outcome in futures_util::future::join_all(rounds).await {
                let (service, pool) = outcome?;
                ours += usize::from(service >= WELL);
                stock += usize::from(pool >= WELL);
                findings.keep(GROUP, (what, service, pool));
            }
        }
        let share =
            |count: usize| crate::measure::as_float(count as u64) / crate::measure::as_float(ROUNDS as u64);
        let of = format!("{ROUNDS} times {} s, well within {} s", SILENT.as_secs(), HEALED.as_secs());
        let control = format!("{what}, sqlx's own pool");
        findings.rows.push(Row::counted(GROUP, what, of.clone(), Goal::AtLeast(1.0), share(ours)));
        findings.rows.push(Row::counted(GROUP, control, of, Goal::Told, share(stock)));
    }
    Ok(())
}

/// One silence, for a service and beside it for the pool. Tells the shares of right answers once it should be over.
async fn round(bench: &Bench, database: &str, link: Link) -> Result<(f64, f64), BenchError> {
    let (proxy, system) = bench.start_behind(&bench.plain(), database).await?;
    let pool = Arc::new(StockPool::connect(&bench.store, database, proxy.address()).await?);

    let done = Arc::new(AtomicBool::new(false));
    let (of_service, of_pool) = (Arc::<Mutex<Vec<Asked>>>::default(), Arc::<Mutex<Vec<Asked>>>::default());
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let order_id = 1 + i64::try_from(client).unwrap_or_default();
        let (address, path) = (system.status, format!("/orders/{order_id}/status"));
        clients.spawn(keep_asking(done.clone(), of_service.clone(), async move || {
            matches!(timeout(PATIENCE, ask_status(address, &path)).await, Ok(Ok(200)))
        }));
        let pool = pool.clone();
        clients.spawn(keep_asking(done.clone(), of_pool.clone(), async move || pool.tells(order_id).await));
    }
    pause(BEFORE).await;
    proxy.set(link);
    pause(SILENT).await;
    proxy.set(Link::Sound);
    let well_from = Instant::now() + HEALED;
    pause(AFTER).await;
    done.store(true, Ordering::Relaxed);
    clients.join_all().await;
    Ok((right(&of_service, well_from), right(&of_pool, well_from)))
}

async fn keep_asking(done: Arc<AtomicBool>, asked: Arc<Mutex<Vec<Asked>>>, ask: impl AsyncFn() -> bool) {
    while !done.load(Ordering::Relaxed) {
        let since = Instant::now();
        let answer = ask().await;
        asked.lock().unwrap_or_else(PoisonError::into_inner).push((since, answer));
        pause(PACE).await;
    }
}

/// The share of right answers to what was asked from then on; none where nothing was answered at all.
fn right(asked: &Mutex<Vec<Asked>>, from: Instant) -> f64 {
    let asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
    let late: Vec<bool> =
        asked.iter().filter(|(since, _)| *since >= from).map(|(_, is_right)| *is_right).collect();
    let good = late.iter().filter(|is_right| **is_right).count();
    if late.is_empty() {
        0.0
    } else {
        crate::measure::as_float(good as u64) / crate::measure::as_float(late.len() as u64)
    }
}

#[expect(clippy::disallowed_methods, reason = "a fault of so many seconds is the point")]
async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}
