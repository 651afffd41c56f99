//! The status that follows from a conclusion. Pure but for the last function, which writes it.

use std::cmp::Reverse;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use k8s_openapi::jiff::Timestamp;
use kube::api::{Api, Patch, PatchParams};
use serde_json::json;

use super::FIELD_MANAGER;
use super::decide::{Conclusion, Progress, Told, Truth};
use super::seen::{Phase, Seen};
use crate::crd::{Entry, Kind, Reason, SchemaMigration, SchemaMigrationStatus};

const HISTORY_MAX: usize = 10;
/// What the API server takes as a condition's message, with room to spare; a person reads the first lines.
const MESSAGE_CHARS_MAX: usize = 2000;

/// The status of now. What is not known anew stays as it was: a schema does not change because nobody looked.
pub fn status(
    migration: &SchemaMigration,
    conclusion: &Conclusion,
    seen: &Seen,
    now: Timestamp,
) -> SchemaMigrationStatus {
    let before = migration.status.clone().unwrap_or_default();
    let generation = migration.metadata.generation.unwrap_or_default();
    let mut status = SchemaMigrationStatus {
        observed_generation: generation,
        attempts: conclusion.attempts,
        last_error: conclusion.last_error.as_deref().map(cut),
        job_name: conclusion.job.clone(),
        plan_hash: conclusion.plan_hash.clone(),
        history: history(&before.history, seen),
        conditions: conditions(&before.conditions, conclusion, generation, now),
        ..before
    };
    if let Some(state) = &conclusion.state {
        status.current_version = Some(state.schema_version);
        status.target_version = Some(state.needed_version);
        status.min_app_schema = Some(state.min_app_schema);
        status.fingerprint.clone_from(&state.fingerprint);
        status.pending =
            [&state.expands, &state.backfills, &state.contracts].into_iter().flatten().cloned().collect();
    }
    status
}

fn conditions(
    before: &[Condition],
    conclusion: &Conclusion,
    generation: i64,
    now: Timestamp,
) -> Vec<Condition> {
    let Conclusion { reason, message, .. } = conclusion;
    let told = |is: bool| Told::new(if is { Truth::True } else { Truth::False }, *reason, message.clone());
    [
        (Kind::Ready, told(conclusion.progress == Progress::Settled)),
        (Kind::Reconciling, told(conclusion.progress == Progress::Reconciling)),
        (Kind::Stalled, told(conclusion.progress == Progress::Stalled)),
        (Kind::Planned, conclusion.planned.clone()),
        (Kind::Approved, conclusion.approved.clone()),
        (Kind::DriftDetected, conclusion.drift.clone()),
    ]
    .into_iter()
    .map(|(kind, Told { truth, reason, message })| {
        let old = before.iter().find(|condition| condition.type_ == kind.name());
        let unchanged = old.filter(|condition| condition.status == truth.name());
        Condition {
            type_: kind.name().to_owned(),
            status: truth.name().to_owned(),
            reason: reason.name().to_owned(),
            message: cut(&message),
            observed_generation: Some(generation),
            last_transition_time: unchanged
                .map_or(Time(now), |condition| condition.last_transition_time.clone()),
        }
    })
    .collect()
}

fn cut(message: &str) -> String {
    message.chars().take(MESSAGE_CHARS_MAX).collect()
}

/// Jobs that ended and are not told of yet come first.
fn history(before: &[Entry], seen: &Seen) -> Vec<Entry> {
    let mut ended: Vec<Entry> = seen
        .jobs
        .iter()
        .filter(|job| job.word.changes() && job.phase != Phase::Running)
        .filter(|job| before.iter().all(|entry| entry.job != job.name))
        .filter_map(|job| {
            let report = job.report.as_ref();
            let silent = if job.phase == Phase::Complete { "Done" } else { "Failed" };
            Some(Entry {
                job: job.name.clone(),
                at: Time(job.ended?),
                outcome: report.map_or(silent, |report| report.outcome.name()).to_owned(),
                schema_version: report.and_then(|report| Some(report.state.as_ref()?.schema_version)),
                approved_plan_hash: job.approved.clone(),
            })
        })
        .collect();
    ended.extend_from_slice(before);
    ended.sort_by_key(|entry| Reverse(entry.at.0));
    ended.truncate(HISTORY_MAX);
    ended
}

/// The reason by which the migration is ready or not, if it has one.
pub fn reason_of(status: Option<&SchemaMigrationStatus>) -> Option<&str> {
    let conditions = &status?.conditions;
    let ready = conditions.iter().find(|condition| condition.type_ == Kind::Ready.name())?;
    Some(&ready.reason)
}

/// Whether a reason is worth a warning.
pub fn is_warning(reason: Reason, progress: Progress) -> bool {
    progress == Progress::Stalled
        || matches!(
            reason,
            Reason::LockHeld
                | Reason::RetryingAfterLockTimeout
                | Reason::DatabaseUnreachable
                | Reason::OldApplicationsConnected
        )
}

/// Writes it, if it says anything new.
pub async fn write(
    api: &Api<SchemaMigration>,
    migration: &SchemaMigration,
    status: &SchemaMigrationStatus,
) -> Result<(), kube::Error> {
    if migration.status.as_ref() == Some(status) {
        return Ok(());
    }
    let name = migration.metadata.name.as_deref().unwrap_or_default();
    let patch = json!({
        "apiVersion": "migrations.atelier.dev/v1alpha1",
        "kind": "SchemaMigration",
        "status": status,
    });
    api.patch_status(name, &PatchParams::apply(FIELD_MANAGER).force(), &Patch::Apply(patch)).await?;
    Ok(())
}
