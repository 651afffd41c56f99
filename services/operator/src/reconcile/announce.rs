//! An Event for whatever is new: another reason why a migration is ready or not, a plan, drift and its end.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::Resource;
use kube::runtime::events::{Event, EventType, Recorder};

use super::decide::{Conclusion, Told, Truth};
use super::update_status::is_warning;
use crate::crd::{Kind, SchemaMigration};

/// So much of a message; the API takes 1024 bytes.
const NOTE_CHARS_MAX: usize = 250;

/// Writes them. That one could not be written is no reason to do anything again.
pub(super) async fn announce(migration: &SchemaMigration, conclusion: &Conclusion, recorder: &Recorder) {
    let before = migration.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    for event in news(before, conclusion) {
        if let Err(error) = recorder.publish(&event, &migration.object_ref(&())).await {
            tracing::warn!(%error, "an event could not be written");
        }
    }
}

/// What people were not told before.
fn news(before: &[Condition], conclusion: &Conclusion) -> Vec<Event> {
    let old = |kind: Kind| before.iter().find(|condition| condition.type_ == kind.name());
    let is_new = |kind: Kind, told: &Told| {
        old(kind).is_none_or(|condition| {
            condition.reason != told.reason.name() || condition.status != told.truth.name()
        })
    };
    let Conclusion { reason, message, planned, drift, .. } = conclusion;
    let mut events = Vec::new();
    if old(Kind::Ready).is_none_or(|condition| condition.reason != reason.name()) {
        events.push(event(is_warning(*reason, conclusion.progress), reason.name(), message));
    }
    if planned.truth == Truth::True && is_new(Kind::Planned, planned) {
        events.push(event(false, planned.reason.name(), &planned.message));
    }
    let was_drifted =
        old(Kind::DriftDetected).is_some_and(|condition| condition.status == Truth::True.name());
    let is_drifted = drift.truth == Truth::True;
    if is_new(Kind::DriftDetected, drift) && (is_drifted || (was_drifted && drift.truth == Truth::False)) {
        events.push(event(is_drifted, drift.reason.name(), &drift.message));
    }
    events
}

fn event(is_warning: bool, reason: &str, message: &str) -> Event {
    Event {
        type_: if is_warning { EventType::Warning } else { EventType::Normal },
        reason: reason.to_owned(),
        note: Some(message.chars().take(NOTE_CHARS_MAX).collect()),
        action: "Migrate".to_owned(),
        secondary: None,
    }
}
