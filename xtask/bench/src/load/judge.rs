//! Holds an answer against its question: status code, tag, and every fact of the body that the population's formula or an
//! acknowledged write tells. It says what is wrong, never what to do about it.

use bytes::Bytes;
use catalog_stub::Model;
use hyper::header::{ETAG, HeaderMap, RETRY_AFTER};
use hyper::{Method, StatusCode};
use load_generator::{Answer, Mismatch, Verdict, holds, read, wire};

use super::ledger::Made;
use super::script::{BUSY_CREATOR, Expected, Question, Script};
use crate::population::{Facts, PAID, stage};

/// The most events that a page of a history has.
const EVENTS_MAX: i64 = 200;

impl Script {
    /// Judges an answer, and remembers what it acknowledged.
    pub(super) fn verdict(&mut self, question: &Question, answer: &Answer) -> Verdict {
        let Answer { status, headers, body } = answer;
        let status = *status;
        if status == StatusCode::SERVICE_UNAVAILABLE {
            // Whether a refused move was written is not known, so its order is not moved again.
            let has_advice = headers.contains_key(RETRY_AFTER);
            return if has_advice { Verdict::Refused } else { Verdict::Failed(status.as_u16()) };
        }
        let created = question.method == Method::POST;
        let right = if created { StatusCode::CREATED } else { StatusCode::OK };
        let known_version = match question.expected {
            Expected::Standing { known_version, .. } => known_version,
            _ => None,
        };
        let unchanged = status == StatusCode::NOT_MODIFIED && known_version.is_some();
        if status != right && !unchanged {
            return Verdict::Failed(status.as_u16());
        }
        match self.hold(question, unchanged, headers, body) {
            Ok(()) => Verdict::Good,
            Err(mismatch) => Verdict::Mismatch(mismatch),
        }
    }

    fn hold(
        &mut self,
        question: &Question,
        unchanged: bool,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Result<(), Mismatch> {
        match &question.expected {
            Expected::Standing { order_id, acknowledged, known_version } => {
                if unchanged {
                    return tagged(headers, known_version.unwrap_or_default());
                }
                let standing: wire::Standing<'_> = read(body)?;
                tagged(headers, standing.version)?;
                holds(*known_version != Some(standing.version), "known, and sent again", &standing)?;
                self.hold_standing(*order_id, *acknowledged, &standing)
            }
            Expected::Order { order_id, acknowledged } => {
                let standing: wire::Standing<'_> = read(body)?;
                tagged(headers, standing.version)?;
                self.hold_standing(*order_id, *acknowledged, &standing)?;
                hold_terms(&self.population.order(*order_id), &read(body)?)
            }
            Expected::History { order_id, acknowledged } => {
                self.hold_history(*order_id, *acknowledged, &read(body)?)
            }
            Expected::Moved { order_id, number } => {
                let written: wire::Written<wire::Standing<'_>> = read(body)?;
                tagged(headers, written.order.version)?;
                self.hold_standing(*order_id, *number, &written.order)?;
                let order: wire::Written<wire::Order<'_>> = read(body)?;
                hold_terms(&self.population.order(*order_id), &order.order)?;
                self.ledger.acknowledge_move(*order_id);
                Ok(())
            }
            Expected::Created { number } => {
                let written: wire::Written<wire::Standing<'_>> = read(body)?;
                let made = Made { number: *number, order_id: written.order.order_id };
                let is_new = self.ledger.acknowledge_create(made);
                holds(is_new, "an id that was given before", &written.order)?;
                let order: wire::Written<wire::Order<'_>> = read(body)?;
                self.hold_made(made, &written.order, &order.order)
            }
            Expected::Made(made) => self.hold_made(*made, &read(body)?, &read(body)?),
            Expected::Paid { user } => self.hold_paid(*user, &read(body)?),
            Expected::All { user, acknowledged } => self.hold_all(*user, acknowledged, &read(body)?),
            Expected::AllMade(made) => {
                let page: wire::Page<'_> = read(body)?;
                let requester = self.requester(made.number);
                let is_it =
                    |item: &wire::Item<'_>| item.order_id == made.order_id && item.user_id == requester;
                holds(page.orders.len() == 1 && page.orders.iter().all(is_it), "another list", &page)
            }
            Expected::Busy => {
                let page: wire::Page<'_> = read(body)?;
                let is_it = |item: &wire::Item<'_>| item.created_by == BUSY_CREATOR && item.status == "paid";
                holds(page.orders.len() == 10 && page.orders.iter().all(is_it), "another list", &page)
            }
        }
    }

    /// A seeded order is where so many moves brought it: those acknowledged when it was asked about, those asked for by now,
    /// or a number between them.
    fn hold_standing(
        &self,
        order_id: i64,
        acknowledged: i64,
        found: &wire::Standing<'_>,
    ) -> Result<(), Mismatch> {
        let facts = self.population.order(order_id);
        let moves = found.version - facts.version;
        holds(found.order_id == order_id, "another order", found)?;
        let possible = acknowledged..=self.ledger.moves(order_id).asked;
        holds(possible.contains(&moves), "a version that it cannot have", found)?;
        hold_rung(facts.rung_after(moves), found)?;
        holds(found.alert == facts.alert, "another alert", found)
    }

    fn hold_history(
        &self,
        order_id: i64,
        acknowledged: i64,
        found: &wire::History<'_>,
    ) -> Result<(), Mismatch> {
        let facts = self.population.order(order_id);
        let last = i64::try_from(found.events.len()).unwrap_or_default();
        let fewest = (facts.version + acknowledged).min(EVENTS_MAX);
        let most = (facts.version + self.ledger.moves(order_id).asked).min(EVENTS_MAX);
        holds((fewest..=most).contains(&last), "a history of another length", found)?;
        for (event, version) in found.events.iter().zip(1..) {
            let rung = match version - facts.version {
                moves if moves > 0 => facts.rung_after(moves),
                _ => facts.rung.min(u8::try_from(version).unwrap_or(PAID)),
            };
            holds(event.version == version && event.to_status == stage(rung), "another event", event)?;
        }
        Ok(())
    }

    fn hold_made(
        &self,
        made: Made,
        standing: &wire::Standing<'_>,
        order: &wire::Order<'_>,
    ) -> Result<(), Mismatch> {
        holds(standing.order_id == made.order_id && order.id == made.order_id, "another order", standing)?;
        holds(standing.version == 1 && !standing.alert, "a new order is not new", standing)?;
        hold_rung(1, standing)?;
        let is_same = order.requester_id == self.requester(made.number)
            && order.created_by == format!("creator-{}", made.number % 500)
            && order.model_id.as_deref() == Some(&format!("65f0c0de{:016x}", made.number % 2000))
            && order.custom_params.number == Some(made.number)
            && (order.cost_initial, order.cost_final) == (Some(10.25), Some(12.5));
        holds(is_same, "another new order", order)
    }

    fn hold_paid(&self, user: i64, found: &wire::Page<'_>) -> Result<(), Mismatch> {
        let paid: Vec<Facts> =
            self.population.of_user(user).into_iter().filter(|facts| facts.rung == PAID).collect();
        holds(found.orders.len() == paid.len(), "a list of another length", found)?;
        for (facts, item) in paid.iter().zip(&found.orders) {
            hold_item(facts, item)?;
            holds(item.status == "paid" && item.version == facts.version, "not as it was paid", item)?;
        }
        Ok(())
    }

    fn hold_all(&self, user: i64, acknowledged: &[i64], found: &wire::Page<'_>) -> Result<(), Mismatch> {
        let all = self.population.of_user(user);
        holds(found.orders.len() == all.len(), "a list of another length", found)?;
        for ((facts, acknowledged), item) in all.iter().zip(acknowledged).zip(&found.orders) {
            hold_item(facts, item)?;
            let moves = item.version - facts.version;
            let possible = *acknowledged..=self.ledger.moves(facts.order_id).asked;
            let is_so = possible.contains(&moves) && item.status == stage(facts.rung_after(moves));
            holds(is_so, "a stage or version that it cannot have", item)?;
        }
        Ok(())
    }
}

fn tagged(headers: &HeaderMap, version: i64) -> Result<(), Mismatch> {
    let tag = headers.get(ETAG).map(|tag| String::from_utf8_lossy(tag.as_bytes()));
    holds(tag.as_deref() == Some(&format!("\"{version}\"")), "another ETag", &tag)
}

fn hold_rung(rung: u8, found: &wire::Standing<'_>) -> Result<(), Mismatch> {
    let flags = [found.requested, found.accepted, found.completed, found.paid];
    let is_so = found.status == stage(rung) && flags == [2, 3, 4, 5].map(|above| rung >= above);
    holds(is_so, "another stage", found)
}

fn hold_terms(facts: &Facts, found: &wire::Order<'_>) -> Result<(), Mismatch> {
    let is_same = found.id == facts.order_id
        && found.requester_id == facts.requester_id.to_string()
        && found.created_by == format!("creator-{}", facts.creator)
        && found.model_id == facts.model_id.as_deref().map(Into::into)
        && found.custom_params.scale == Some(1 + facts.order_id % 5);
    holds(is_same, "another order's terms", found)
}

fn hold_item(facts: &Facts, item: &wire::Item<'_>) -> Result<(), Mismatch> {
    let is_same = item.order_id == facts.order_id
        && item.user_id == facts.requester_id.to_string()
        && item.created_by == format!("creator-{}", facts.creator)
        && item.alert == facts.alert
        && item.model_id == facts.model_id.as_deref().map(Into::into);
    holds(is_same, "another order in the list", item)?;
    let wanted = facts.model_id.as_deref().and_then(Model::of);
    let is_told = match (&wanted, &item.model_details) {
        (None, None) => item.model_status == "none",
        (Some(wanted), Some(told)) => {
            item.model_status == "found" && told.model_id == wanted.model_id && told.name == wanted.name
        }
        // The page's deadline came first: that is told, and no mistake.
        (Some(_), None) => item.model_status == "unavailable",
        (None, Some(_)) => false,
    };
    holds(is_told, "another model", item)
}
