//! Whether the database is still what the migrations made of it: looked at again and again, and told as a condition.

use std::time::Duration;

use k8s_openapi::jiff::Timestamp;

use super::super::build::Order;
use super::super::seen::{Phase, Word};
use super::facts::Facts;
use super::{LOOK_AGAIN, Told, Truth, left};
use crate::crd::Reason;
use crate::report::Outcome;

/// When the next look is due.
pub(super) struct Due {
    pub(super) start: Option<Order>,
    pub(super) again: Duration,
}

/// The next look: an interval after the last one, or after the last change.
pub(super) fn due(facts: &Facts, interval: Duration, now: Timestamp) -> Due {
    let last = facts.latest(|job| job.word == Word::Verify);
    if last.is_some_and(|job| job.phase == Phase::Running) {
        return Due { start: None, again: LOOK_AGAIN };
    }
    let since = last.and_then(|job| job.ended).max(facts.changed_at());
    let left = left(since, interval, now);
    if left.is_zero() {
        Due { start: facts.next(Word::Verify, None), again: LOOK_AGAIN }
    } else {
        Due { start: None, again: left }
    }
}

/// What the last look found; before the first one, what the last change saw of the schema's looks.
pub(super) fn drift(facts: &Facts) -> Told {
    let looked = facts.ended(|job| job.word == Word::Verify).filter(|job| job.ended > facts.changed_at());
    if let Some(report) = looked.and_then(|job| job.report.as_ref()) {
        return match report.outcome {
            Outcome::Done => {
                Told::new(Truth::False, Reason::AsMigrated, "the schema is as the migrations made it")
            }
            Outcome::FindingsFound => Told::new(Truth::True, Reason::DriftDetected, report.message.clone()),
            Outcome::ChecksumMismatch => {
                Told::new(Truth::True, Reason::ChecksumMismatch, report.message.clone())
            }
            Outcome::DatabaseUnreachable => {
                Told::new(Truth::Unknown, Reason::DatabaseUnreachable, report.message.clone())
            }
            _ => Told::new(Truth::Unknown, Reason::NotVerified, report.message.clone()),
        };
    }
    match facts.state().and_then(|state| state.is_drifted) {
        Some(true) => Told::new(
            Truth::True,
            Reason::DriftDetected,
            "the schema was changed by hand since the last migration",
        ),
        Some(false) => {
            Told::new(Truth::False, Reason::AsMigrated, "the schema looks as the last migration left it")
        }
        None => Told::new(Truth::Unknown, Reason::NotVerified, "nobody has looked yet"),
    }
}
