//! Holds an answer against what this load knows, and remembers what it acknowledges.

use std::collections::HashMap;

use hyper::header::{ETAG, HeaderMap, RETRY_AFTER};
use hyper::{Method, StatusCode};

use super::{Expected, Held, Made, STAGES, Work};
use crate::client::Answer;
use crate::question::{Mismatch, Question, Verdict, holds, read};
use crate::wire;

impl Work {
    pub(super) fn hold(&mut self, question: &Question<Expected>, answer: &Answer) -> Held {
        let Answer { status, headers, body } = answer;
        if *status == StatusCode::SERVICE_UNAVAILABLE && headers.contains_key(RETRY_AFTER) {
            return Ok(Verdict::Refused);
        }
        let right = if question.method == Method::POST { StatusCode::CREATED } else { StatusCode::OK };
        let is_unchanged = *status == StatusCode::NOT_MODIFIED
            && matches!(question.expected, Expected::Standing { is_known: true, .. });
        if *status != right && !is_unchanged {
            return Ok(Verdict::Failed(status.as_u16()));
        }
        match &question.expected {
            Expected::Made { number } => {
                let written: wire::Written<wire::Standing<'_>> = read(body)?;
                self.hold_made(*number, &written.order, tag(headers)?)?;
            }
            Expected::Moved { number, version } => {
                let written: wire::Written<wire::Standing<'_>> = read(body)?;
                holds(written.order.version == *version, "another version", &written.order)?;
                self.hold_standing(*number, *version, &written.order)?;
                self.acknowledge(*number, *version, tag(headers)?);
            }
            Expected::Standing { .. } if is_unchanged => {}
            Expected::Standing { number, least, .. } => self.hold_standing(*number, *least, &read(body)?)?,
            Expected::History { number, least } => self.hold_history(*number, *least, &read(body)?)?,
            Expected::List { buyer, least } => hold_list(buyer, least, &read(body)?)?,
        }
        Ok(Verdict::Good)
    }

    /// The same order however often it is asked for, as it was made.
    fn hold_made(&mut self, number: u64, found: &wire::Standing<'_>, tag: &str) -> Result<(), Mismatch> {
        holds(found.version == 1, "a new order that is not new", found)?;
        hold_rung(found)?;
        if let Some(made) = self.made.get(&number) {
            return holds(found.order_id == made.order_id, "another order for the same key", found);
        }
        let made = Made { order_id: found.order_id, version: 1, asked: 1, tag: tag.to_owned() };
        self.made.insert(number, made);
        self.numbers.push(number);
        self.open.push(number);
        Ok(())
    }

    fn acknowledge(&mut self, number: u64, version: i64, tag: &str) {
        let Some(made) = self.made.get_mut(&number) else { return };
        made.version = version;
        tag.clone_into(&mut made.tag);
        if usize::try_from(version).is_ok_and(|rung| rung < STAGES.len()) {
            self.open.push(number);
        }
    }

    /// It is what was acknowledged when it was asked about, or what was asked for by now.
    fn hold_standing(&self, number: u64, least: i64, found: &wire::Standing<'_>) -> Result<(), Mismatch> {
        let made = self.made.get(&number);
        holds(made.is_some_and(|made| made.order_id == found.order_id), "another order", found)?;
        let most = made.map_or(0, |made| made.asked);
        holds((least..=most).contains(&found.version), "a version that it cannot have", found)?;
        hold_rung(found)
    }

    fn hold_history(&self, number: u64, least: i64, found: &wire::History<'_>) -> Result<(), Mismatch> {
        let most = self.made.get(&number).map_or(0, |made| made.asked);
        let length = i64::try_from(found.events.len()).unwrap_or_default();
        holds((least..=most).contains(&length), "a history of another length", found)?;
        for ((event, version), stage) in found.events.iter().zip(1..).zip(STAGES) {
            holds(event.version == version && event.to_status == stage, "another event", event)?;
        }
        Ok(())
    }
}

/// Nobody else's, and none is missing or older than it was.
fn hold_list(buyer: &str, least: &[(i64, i64)], found: &wire::Page<'_>) -> Result<(), Mismatch> {
    let mut versions = HashMap::new();
    for item in &found.orders {
        holds(item.user_id == buyer, "somebody else's order", item)?;
        holds(stage(item.version) == Some(&*item.status), "another stage", item)?;
        versions.insert(item.order_id, item.version);
    }
    for (order_id, least) in least {
        let is_there = versions.get(order_id).is_some_and(|version| version >= least);
        holds(is_there, "an order that is missing, or older than it was", &(order_id, least, found))?;
    }
    Ok(())
}

fn tag(headers: &HeaderMap) -> Result<&str, Mismatch> {
    let tag = headers.get(ETAG).and_then(|tag| tag.to_str().ok());
    holds(tag.is_some(), "no ETag", &headers)?;
    Ok(tag.unwrap_or_default())
}

fn stage(version: i64) -> Option<&'static str> {
    usize::try_from(version - 1).ok().and_then(|at| STAGES.get(at)).copied()
}

fn hold_rung(found: &wire::Standing<'_>) -> Result<(), Mismatch> {
    let flags = [found.requested, found.accepted, found.completed, found.paid];
    let is_so = stage(found.version) == Some(&*found.status)
        && flags == [2, 3, 4, 5].map(|rung| found.version >= rung);
    holds(is_so && !found.alert, "another stage", found)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use hyper::header::HeaderValue;
    use serde_json::{Value, json};

    use super::*;
    use crate::drive::Script;
    use crate::people::People;

    fn standing(order_id: i64, version: i64) -> Value {
        json!({
            "order_id": order_id, "status": STAGES[usize::try_from(version - 1).expect("a rung")],
            "version": version, "alert": false, "requested": version > 1, "accepted": version > 2,
            "completed": version > 3, "paid": version > 4,
        })
    }

    fn answer(status: u16, body: &Value) -> Answer {
        let mut headers = HeaderMap::new();
        headers.insert(ETAG, HeaderValue::from_static("\"1\""));
        let status = StatusCode::from_u16(status).expect("a status");
        Answer { status, headers, body: Bytes::from(body.to_string()) }
    }

    /// Of one order, of version 2.
    fn work() -> Work {
        let mut work = Work::new("1", People::open("1"), None, 1);
        let create = work.create();
        let made = answer(201, &json!({ "order": standing(7, 1) }));
        assert_eq!(work.judge(&create, &made), Verdict::Good);
        let step = work.step();
        assert_eq!(work.judge(&step, &answer(200, &json!({ "order": standing(7, 2) }))), Verdict::Good);
        work
    }

    fn is_untrue(verdict: &Verdict) -> bool {
        matches!(verdict, Verdict::Mismatch(_))
    }

    #[test]
    fn an_order_that_is_older_than_acknowledged_or_somebody_elses_is_noticed() {
        let mut work = work();
        let look = work.look_at(0, "/status", false);
        assert_eq!(work.judge(&look, &answer(200, &standing(7, 2))), Verdict::Good);
        for wrong in [standing(7, 1), standing(7, 3), standing(8, 2)] {
            assert!(is_untrue(&work.judge(&look, &answer(200, &wrong))), "{wrong}");
        }
        assert_eq!(work.judge(&look, &answer(404, &Value::Null)), Verdict::Failed(404));
    }

    #[test]
    fn while_a_move_is_on_its_way_either_version_is_true() {
        let mut work = work();
        let step = work.step();
        let look = work.look_at(0, "/status", false);
        for version in [2, 3] {
            assert_eq!(work.judge(&look, &answer(200, &standing(7, version))), Verdict::Good);
        }
        assert_eq!(work.judge(&step, &answer(200, &json!({ "order": standing(7, 3) }))), Verdict::Good);
        let look = work.look_at(0, "/status", false);
        assert!(is_untrue(&work.judge(&look, &answer(200, &standing(7, 2)))));
    }

    #[test]
    fn a_second_order_for_the_same_key_is_noticed() {
        let mut work = work();
        let again = work.ask_for(0);
        assert_eq!(work.judge(&again, &answer(201, &json!({ "order": standing(7, 1) }))), Verdict::Good);
        assert!(is_untrue(&work.judge(&again, &answer(201, &json!({ "order": standing(9, 1) })))));
    }

    #[test]
    fn an_order_that_is_missing_in_a_list_is_noticed() {
        let mut work = work();
        let list = work.list();
        let item = json!({
            "order_id": 7, "user_id": "load-1-buyer-0", "created_by": "load-1-maker-0", "status": "requested",
            "alert": false, "version": 2, "model_id": null, "model_status": "none", "model_details": null,
        });
        assert_eq!(work.judge(&list, &answer(200, &json!({ "orders": [item] }))), Verdict::Good);
        assert!(is_untrue(&work.judge(&list, &answer(200, &json!({ "orders": [] })))));
    }

    #[test]
    fn a_refusal_says_when_to_come_back_or_is_a_failure() {
        let mut work = work();
        let step = work.step();
        let mut refused = answer(503, &Value::Null);
        assert_eq!(work.judge(&step, &refused), Verdict::Failed(503));
        refused.headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        assert_eq!(work.judge(&step, &refused), Verdict::Refused);
        assert!(work.open.is_empty(), "an order whose move has no known fate is not moved again");
    }
}
