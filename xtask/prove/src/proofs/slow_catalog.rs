//! R14: five hundred lists at once, again and again, while the catalog takes four seconds for a model. Lists end at their deadline,
//! orders keeps to its connections, and order-status does not notice: its p99 is held against the same lists of a quick catalog. The
//! control lets a page wait for two seconds and a half.

use std::time::{Duration, Instant};

use catalog_stub::Behaviour;
use hyper::Method;
use load_generator::wire::{Page, Standing, Written};
use load_generator::{
    Answer, Plan, Question, Running, Script, Target, Until, Verdict, get, holds, read, sends, start,
};
use serde_json::json;

use crate::Finding;
use crate::cli::Options;
use crate::error::ProveError;
use crate::stage::{Stage, lasts};
use crate::store::Watcher;

const LISTS: u64 = 500;
const CONNECTIONS: i64 = 8;
/// How long the catalog takes when it is slow: longer than anybody waits for it.
const SLOW: Duration = Duration::from_secs(4);
/// A page's own deadline, `catalog.page_deadline_ms`, and as much again as a quarter of it for two processors that do all of this.
const LATEST_US: u32 = 1_000_000;
/// A slow wave of which nobody waited has not tried anything.
const WAITED_US: u32 = 700_000;
/// From one wave to the next.
const WAVE: Duration = Duration::from_millis(1500);
/// Until the last call to a slow catalog has been given up, `catalog.request_timeout_ms`.
const CALM: Duration = Duration::from_millis(3200);
const LOOK: Duration = Duration::from_millis(20);
/// Of order-status, a second.
const RATE: f64 = 400.0;
const P99_MAX: f64 = 1.2;
/// Whatever happens, that load ends.
const LOAD_MAX: Duration = Duration::from_mins(10);

const SETTINGS: [(&str, &str); 4] = [
    ("ATELIER_DATABASE__READ_CONNECTIONS", "8"),
    // Every list finds a cold model, and asks: neither the memory of the waves before nor the breaker answers for the catalog.
    ("ATELIER_CATALOG__CACHE__BYTES_MAX", "0"),
    ("ATELIER_CATALOG__BREAKER__WINDOW_CALLS", "1000"),
    ("ATELIER_CATALOG__BREAKER__FAILURES_MAX", "1000"),
];

/// Buyers of one order each, every one of another model; then their lists, each asked for once a wave.
struct Lists {
    asked: u64,
    is_made: bool,
    model_status: &'static str,
}

impl Script for Lists {
    type Expected = String;

    fn next(&mut self) -> Question<String> {
        let number = self.asked % LISTS;
        self.asked += 1;
        let buyer = format!("buyer-{number}");
        if self.is_made {
            return get(format!("/orders/user/{buyer}?status=all"), buyer).of_orders();
        }
        let model = format!("{number:024x}");
        let body = json!({ "requester_id": buyer, "created_by": "maren", "model_id": model });
        sends(Method::POST, "/orders/".to_owned(), body.to_string(), buyer)
    }

    fn judge(&mut self, question: &Question<String>, answer: &Answer) -> Verdict {
        if answer.status != if self.is_made { 200 } else { 201 } {
            return Verdict::Failed(answer.status.as_u16());
        }
        if !self.is_made {
            return Verdict::Good;
        }
        let judged = read::<Page<'_>>(&answer.body).and_then(|page| {
            let [order] = page.orders.as_slice() else {
                return holds(false, "a buyer's one order", &page.orders.len());
            };
            holds(order.user_id == *question.expected, "another's order", &order.user_id)?;
            holds(order.model_status == self.model_status, "not how the catalog was", &order.model_status)
        });
        judged.map_or_else(Verdict::Mismatch, |()| Verdict::Good)
    }
}

/// What order-status is asked meanwhile: one order made, three looked at.
#[derive(Default)]
struct Others {
    asked: usize,
    made: Vec<i64>,
}

impl Script for Others {
    type Expected = Option<i64>;

    fn next(&mut self) -> Question<Option<i64>> {
        self.asked += 1;
        match self.made.get(self.asked % self.made.len().max(1)) {
            Some(order_id) if !self.asked.is_multiple_of(4) => {
                get(format!("/orders/{order_id}/status"), Some(*order_id))
            }
            _ => {
                let body = json!({ "requester_id": "ada", "created_by": "maren" }).to_string();
                sends(Method::POST, "/orders/".to_owned(), body, None)
            }
        }
    }

    fn judge(&mut self, question: &Question<Option<i64>>, answer: &Answer) -> Verdict {
        let judged = match (question.expected, answer.status.as_u16()) {
            (Some(order_id), 200) => read::<Standing<'_>>(&answer.body)
                .and_then(|told| holds(told.order_id == order_id, "another order", &told.order_id)),
            (None, 201) => read::<Written<Standing<'_>>>(&answer.body)
                .map(|written| self.made.push(written.order.order_id)),
            (_, status) => return Verdict::Failed(status),
        };
        judged.map_or_else(Verdict::Mismatch, |()| Verdict::Good)
    }
}

/// What waves of one kind of catalog were like.
#[derive(Default)]
struct Waves {
    /// Of order-status, each wave's.
    p99_us: Vec<u32>,
    /// Of the lists, each wave's.
    median_us: Vec<u32>,
    latest_us: u32,
    lists: u64,
    wrong: u64,
    connections: i64,
}

fn median(values: &mut [u32]) -> u32 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

pub(super) async fn prove(options: &Options) -> Result<Finding, ProveError> {
    let (turns, waves) = options.either((5, 6), (1, 3));
    let stage = Stage::start(options, &[]).await?;
    let deadline = if options.control { "2500" } else { "800" };
    let variant = stage.plain();
    let asking = SETTINGS.iter().fold(variant.clone(), |variant, (key, value)| variant.with(key, *value));
    let orders = stage.orders(&asking.with("ATELIER_CATALOG__PAGE_DEADLINE_MS", deadline)).await?;
    let status = stage.order_status(&variant, stage.server.port()).await?;
    let plan = Plan {
        status: Target::at(status.api, "127.0.0.1")?,
        orders: Target::at(orders.api, "127.0.0.1")?,
        clients: usize::try_from(LISTS).unwrap_or_default(),
        rate: None,
        until: Until::Requests(LISTS),
        is_list: true,
    };
    let made = Plan { clients: 16, ..plan.clone() };
    let lists = Lists { asked: 0, is_made: false, model_status: "found" };
    let (report, lists) = start(made, lists).await.end().await;
    let mut lists = lists.ok_or_else(gone)?;
    (lists.asked, lists.is_made) = (0, true);
    let mut wrong = report.wrong();

    let until = Until::Seconds(LOAD_MAX.as_secs_f64());
    let beside = Plan { clients: 16, rate: Some(RATE), until, is_list: false, ..plan.clone() };
    let others = start(beside, Others::default()).await;
    let mut watcher = Watcher::connect(&stage.server).await?;
    let (mut quick, mut slow) = (Waves::default(), Waves::default());
    for _ in 0..turns {
        for (seen, delay, model_status) in
            [(&mut quick, Duration::ZERO, "found"), (&mut slow, SLOW, "unavailable")]
        {
            stage.catalog.behave(Behaviour::slow(delay));
            lists.model_status = model_status;
            lasts(CALM).await;
            for _ in 0..waves {
                lists = wave(&plan, lists, &others, &mut watcher, seen).await?;
            }
            println!("{model_status}: {} lists, the last after {} us", seen.lists, seen.latest_us);
        }
    }
    others.stop();
    let (others, _) = others.end().await;
    wrong += others.wrong() + others.unsent + quick.wrong + slow.wrong;
    Ok(finding(quick, slow, wrong))
}

fn gone() -> ProveError {
    ProveError::Place(std::io::Error::other("a client goes on"))
}

/// All lists at once, and how the others fared until the next wave is due.
async fn wave(
    plan: &Plan,
    lists: Lists,
    others: &Running<Others>,
    watcher: &mut Watcher,
    seen: &mut Waves,
) -> Result<Lists, ProveError> {
    let begin = Instant::now();
    let mut running = Some(start(plan.clone(), lists).await);
    // What was answered before, connecting included, is not this wave's.
    drop(others.look());
    let mut back = None;
    while back.is_none() || begin.elapsed() < WAVE {
        lasts(LOOK).await;
        seen.connections = seen.connections.max(watcher.readers().await?);
        if let Some(load) =
            running.take_if(|load| load.look().answered() >= LISTS || begin.elapsed() > 4 * WAVE)
        {
            let (report, lists) = load.end().await;
            seen.lists += report.answered() + report.broken;
            seen.wrong += report.wrong();
            seen.latest_us = seen.latest_us.max(report.max_us);
            seen.median_us.push(report.p50_us);
            for example in &report.examples {
                println!("  {example}");
            }
            back = Some(lists.ok_or_else(gone)?);
        }
    }
    seen.p99_us.push(others.look().p99_us);
    back.ok_or_else(gone)
}

fn finding(mut quick: Waves, mut slow: Waves, wrong: u64) -> Finding {
    let ms = |us: u32| f64::from(us) / 1000.0;
    let p99 = [&mut quick, &mut slow].map(|waves| f64::from(median(&mut waves.p99_us)));
    let ratio = p99[1] / p99[0].max(1.0);
    let median = median(&mut slow.median_us);
    let connections = quick.connections.max(slow.connections);
    let figure = format!(
        "{} lists, {LISTS} at once, of a catalog that takes {SLOW:?}: half within {:.0} ms, all within {:.0} ms; {connections} connections \
         at most; order-status' p99 {:.1} ms, {ratio:.2} of the {:.1} ms beside {} lists of a quick catalog; {wrong} failed",
        slow.lists,
        ms(median),
        ms(slow.latest_us),
        p99[1] / 1000.0,
        p99[0] / 1000.0,
        quick.lists,
    );
    let is_at_deadline = median >= WAITED_US && slow.latest_us <= LATEST_US;
    let is_kept = connections > 0 && connections <= CONNECTIONS;
    Finding { figure, is_met: is_at_deadline && is_kept && ratio <= P99_MAX && wrong == 0 }
}
