//! R2: creates under a key through a link that loses one answer in twenty. Whoever has no answer sends the same again, until it has
//! one. The control sends it under a new key each time.

use std::collections::HashMap;

use hyper::Method;
use hyper::header::HeaderName;
use load_generator::wire::{Standing, Written};
use load_generator::{Answer, Plan, Question, Script, Target, Until, Verdict, holds, read, sends};
use serde_json::json;
use testkit::proxy::Link;

use crate::Finding;
use crate::cli::Options;
use crate::error::ProveError;
use crate::stage::{Stage, link};
use crate::store;

/// One answer in twenty.
const LOST_PER_MILLE: u32 = 50;
const CLIENTS: usize = 32;
/// A create that is still not answered then never is: each time one in twenty is left.
const ROUNDS_MAX: u32 = 30;
const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The creates of one round, and the orders of all.
struct Creates {
    left: Vec<u64>,
    round: u32,
    has_new_keys: bool,
    made: HashMap<u64, i64>,
    replayed: u64,
}

impl Script for Creates {
    type Expected = u64;

    fn next(&mut self) -> Question<u64> {
        let number = self.left.pop().unwrap_or_default();
        let try_of_key = if self.has_new_keys { self.round } else { 0 };
        let body =
            json!({ "requester_id": "ada", "created_by": "maren", "custom_params": { "number": number } });
        sends(Method::POST, "/orders/".to_owned(), body.to_string(), number)
            .with(KEY, &format!("prove-{number}-{try_of_key}"))
    }

    fn judge(&mut self, question: &Question<u64>, answer: &Answer) -> Verdict {
        if answer.status != 201 {
            return Verdict::Failed(answer.status.as_u16());
        }
        let order_id = read::<Written<Standing<'_>>>(&answer.body).map(|written| written.order.order_id);
        let known = order_id.and_then(|order_id| {
            let known = *self.made.entry(question.expected).or_insert(order_id);
            holds(known == order_id, "another order for the same key", &order_id)
        });
        self.replayed += u64::from(answer.headers.contains_key(REPLAYED));
        known.map_or_else(Verdict::Mismatch, |()| Verdict::Good)
    }
}

pub(super) async fn prove(options: &Options) -> Result<Finding, ProveError> {
    let keys: u64 = options.either(10_000, 1000);
    let stage = Stage::start(options, &[]).await?;
    let service = stage.order_status(&stage.plain(), stage.server.port()).await?;
    let way = link("127.0.0.1", service.api.port()).await?;
    way.set(Link::LosesAnswers { per_mille: LOST_PER_MILLE, seed: options.seed });
    let target = Target::at(way.address(), "127.0.0.1")?;
    let mut creates = Creates {
        left: Vec::new(),
        round: 0,
        has_new_keys: options.control,
        made: HashMap::new(),
        replayed: 0,
    };
    let (mut lost, mut wrong) = (0, 0);
    while creates.made.len() as u64 != keys && creates.round < ROUNDS_MAX {
        creates.left = (0..keys).filter(|number| !creates.made.contains_key(number)).collect();
        creates.round += 1;
        let plan = Plan {
            status: target.clone(),
            orders: target.clone(),
            clients: CLIENTS,
            rate: None,
            until: Until::Requests(creates.left.len() as u64),
            is_list: false,
        };
        let (report, script) = load_generator::start(plan, creates).await.end().await;
        lost += report.broken;
        wrong += report.failed + report.refused + report.mismatches;
        creates = script.ok_or_else(|| ProveError::Place(std::io::Error::other("a client goes on")))?;
    }
    let rows = store::orders(&stage.server).await?;
    let (made, replayed) = (creates.made.len(), creates.replayed);
    let figure = format!(
        "{keys} keys, {lost} answers lost, {replayed} repetitions were told of the order that was there; {made} orders acknowledged, \
         {rows} rows"
    );
    let is_met = rows.unsigned_abs() == keys && made as u64 == keys && wrong == 0 && lost > keys / 50;
    Ok(Finding { figure, is_met })
}
