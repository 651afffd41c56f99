//! One order is locked by a foreign session while everybody moves and reads others: only its own moves may notice.

use std::time::{Duration, Instant};

use super::CLIENTS;
use crate::error::BenchError;
use crate::load::{self, Kind, Report, Until};
use crate::measure::{Asked, Bench, as_float, sound};
use crate::report::{Findings, Goal, Row};
use rig::system::{Variant, put_status};

const GROUP: &str = "locked";
/// Requests a second: well below what can be done, so that a p99 tells of waiting and not of the generator.
const RATE: f64 = 3_000.0;
/// By when somebody who wants to move the locked order must know: its deadline, and some room.
const TOLD_BY: Duration = Duration::from_millis(1_700);

/// What moving the locked order was like.
#[derive(Clone, Copy, Debug, Default, serde::Serialize)]
struct Refused {
    tries: u64,
    /// Of these, in time, with 503.
    in_time: u64,
}

pub(super) async fn measure(bench: &Bench, findings: &mut Findings) -> Result<(), BenchError> {
    let (mut ratios, mut all) = (Vec::new(), Refused::default());
    for round in 0..bench.options.rounds {
        let (mut free, mut locked) = (None, None);
        // In turns who is first: the second finds a warmer machine.
        for is_locked in [round % 2 == 0, round % 2 == 1] {
            let (report, refused) = one(bench, round, is_locked).await?;
            findings.keep(GROUP, (is_locked, &report, refused));
            all.tries += refused.tries;
            all.in_time += refused.in_time;
            *(if is_locked { &mut locked } else { &mut free }) = Some(f64::from(report.p99_us));
        }
        ratios.extend(locked.zip(free).map(|(locked, free)| locked / free));
        eprintln!("{GROUP}: round {} of {}", round + 1, bench.options.rounds);
    }
    let p99 = "p99 of everything while an order is locked";
    findings.rows.push(Row::timed(GROUP, p99, "while none is", Goal::AtMost(1.2), &ratios));
    let share = as_float(all.in_time) / as_float(all.tries.max(1));
    let what = "its own moves that are told 503 by their deadline";
    let of = format!("of {} tries", all.tries);
    findings.rows.push(Row { timed: true, ..Row::counted(GROUP, what, of, Goal::AtLeast(1.0), share) });
    Ok(())
}

/// One run: everything at a fixed rate, and beside it somebody who wants to move the one order, locked or not.
async fn one(bench: &Bench, round: u64, is_locked: bool) -> Result<(Report, Refused), BenchError> {
    let copy = bench.copy().await?;
    let variant = Variant { name: if is_locked { "locked" } else { "free" }, ..bench.plain() };
    let system = bench.start(&variant, &copy).await?;
    let until = Until::Seconds(bench.options.seconds);
    let asked = Asked { rate: Some(RATE), ..Asked::closed(Kind::Mixed, CLIENTS, until, 60 + round) };
    bench.warm(&system, asked).await?;
    // One that only a warm-up moves: the load will not meet it.
    let order = bench.population.toggle(0, true);
    let is_requested = bench.population.order(order.order_id).rung_after(1) == 2;
    let lock = if is_locked { Some(copy.lock(order.order_id).await?) } else { None };
    let load = load::run(asked.spec(&system, bench.population, false), None);
    let end = Instant::now() + Duration::from_secs_f64(bench.options.seconds);
    let moves = async {
        let mut refused = Refused::default();
        let path = format!("/orders/{}/update", order.order_id);
        while is_locked && Instant::now() < end {
            let body = format!(
                r#"{{"state_type":"requested","new_value":{is_requested},"user_id":"{}"}}"#,
                order.requester_id
            );
            let since = Instant::now();
            let status = put_status(system.status, &path, body).await?;
            refused.tries += 1;
            refused.in_time += u64::from(status == 503 && since.elapsed() <= TOLD_BY);
        }
        Ok::<_, BenchError>(refused)
    };
    let (report, refused) = tokio::join!(load, moves);
    drop(lock);
    let report = report?;
    sound(Kind::Mixed, &report)?;
    Ok((report, refused?))
}
