//! What takes away: never by itself, only under the hash of its plan, and only while nobody is connected who needs it.

use k8s_openapi::jiff::Timestamp;

use super::super::build::Order;
use super::super::seen::{Phase, SeenJob, Word};
use super::facts::Facts;
use super::{Step, Told, Truth, failed, running};
use crate::crd::{self, Reason, SchemaMigrationSpec};
use crate::report::{Outcome, State};

/// What is to be done or said once what adds has run.
pub(super) fn step(spec: &SchemaMigrationSpec, facts: &Facts, now: Timestamp) -> Step {
    let approved = spec.approved_plan_hash.as_deref();
    let is_ours = |job: &SeenJob| job.word == Word::Contracts && job.approved.as_deref() == approved;
    let job = facts.latest(is_ours);
    if let Some(job) = job.filter(|job| job.phase == Phase::Running) {
        return running(job).approved(carried());
    }
    let Some(state) = facts.state().filter(|_| facts.state_at() >= facts.changed_at()) else {
        return blind(facts, now);
    };
    if let Some(target) = spec.target.filter(|target| *target > state.schema_version) {
        let reached = state.schema_version;
        return Step::stalled(
            Reason::Failed,
            format!(
                "the image brings the schema to {reached}, and target asks for {target}: use a later image"
            ),
        );
    }
    if state.contracts.is_empty() {
        return Step::settled(Reason::Applied, format!("the schema is at {}", state.schema_version));
    }
    let files = state.contracts.join(", ");
    if spec.phase == crd::Phase::Expand {
        let told = format!("{files} wait: phase Expand holds them back");
        return Step::settled(Reason::ContractPending, told.clone()).approved(Told::new(
            Truth::False,
            Reason::ContractPending,
            told,
        ));
    }
    match (approved, job) {
        (None, _) => waiting(state, None),
        (Some(approved), None) => fresh(facts, state, approved),
        (Some(_), Some(job)) => again(facts, state, job, now),
    }
}

/// The Job said nothing of the state, its pod being gone: another one looks.
fn blind(facts: &Facts, now: Timestamp) -> Step {
    match facts.latest(|job| job.word == Word::Plan) {
        Some(plan) if plan.phase == Phase::Running => running(plan),
        Some(plan) if plan.phase == Phase::Failed && plan.ended >= facts.changed_at() => failed(plan, now),
        _ => {
            let mut step = Step::reconciling(Reason::Planning, "where the schema stands is being read");
            step.start = facts.look(None);
            step
        }
    }
}

fn carried() -> Told {
    Told::new(Truth::True, Reason::Approved, "the approved plan is being carried out")
}

/// An approval for which nothing was done yet.
fn fresh(facts: &Facts, state: &State, approved: &str) -> Step {
    if state.plan_hash.as_deref() == Some(approved) {
        return Step::reconciling(Reason::Applying, "the Job is being made")
            .approved(carried())
            .start(Order { word: Word::Contracts, approved: Some(approved.to_owned()), attempt: 0 });
    }
    // It may be for a plan that is newer than what we know: look once for each approval.
    let was_looked =
        facts.latest(|job| job.word == Word::Plan && job.approved.as_deref() == Some(approved)).is_some();
    let mut step = waiting(state, Some(approved));
    step.start = (!was_looked).then(|| facts.look(Some(approved))).flatten();
    step
}

/// An approval under which a Job has ended.
fn again(facts: &Facts, state: &State, job: &SeenJob, now: Timestamp) -> Step {
    let approved = job.approved.as_deref();
    let outcome = job.report.as_ref().map(|report| report.outcome);
    match (job.phase, outcome) {
        // What waits came after what was approved.
        (Phase::Complete, _) => waiting(state, approved),
        (_, Some(Outcome::NotApproved | Outcome::NotYet)) => {
            let is_fresh = facts.state_at() > job.ended;
            if is_fresh && state.plan_hash.as_deref() == approved {
                return Step::reconciling(Reason::Applying, "the Job is being made")
                    .approved(carried())
                    .start(Order {
                        attempt: job.attempt + 1,
                        word: job.word,
                        approved: job.approved.clone(),
                    });
            }
            waiting(state, approved)
        }
        _ => failed(job, now).approved(carried()),
    }
}

/// Services can work; what takes away waits for a person, or for a file that has to run first.
fn waiting(state: &State, approved: Option<&str>) -> Step {
    let files = state.contracts.join(", ");
    let message = match (&state.plan_hash, &state.waits_for, approved) {
        (_, Some(first), _) => format!("{files} wait for {first}, which has to run first"),
        (Some(hash), None, None) => format!("{files} wait for the approval of plan {hash}"),
        (Some(hash), None, Some(other)) => {
            format!("{files} wait for the approval of plan {hash}; approved is {other}")
        }
        (None, None, _) => format!("{files} wait"),
    };
    Step::settled(Reason::ContractPending, message.clone()).approved(Told::new(
        Truth::False,
        Reason::AwaitingApproval,
        message,
    ))
}
