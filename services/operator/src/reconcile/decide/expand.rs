//! What adds: by itself, or under the hash of its plan where approval is manual.

use k8s_openapi::jiff::Timestamp;

use super::super::build::Order;
use super::super::seen::{Phase, SeenJob, Word};
use super::facts::Facts;
use super::{Step, Told, Truth, failed, running};
use crate::crd::{Approval, Reason, SchemaMigrationSpec};
use crate::report::{Outcome, State};

/// What is to be done or said; `None` when what adds has run.
pub(super) fn step(spec: &SchemaMigrationSpec, facts: &Facts, now: Timestamp) -> Option<Step> {
    let is_up = |job: &SeenJob| job.word == Word::Up;
    if facts.ended(|job| is_up(job) && job.phase == Phase::Complete).is_some() {
        return None;
    }
    if let Some(job) = facts.latest(|job| is_up(job) && job.phase == Phase::Running) {
        return Some(running(job));
    }
    if spec.approval == Approval::Manual {
        return Some(manual(spec, facts, now));
    }
    Some(match facts.latest(is_up) {
        Some(job) => failed(job, now),
        None => Step::reconciling(Reason::Applying, "the Job is being made").start(up(None, 0)),
    })
}

fn up(approved: Option<&str>, attempt: u32) -> Order {
    Order { word: Word::Up, approved: approved.map(str::to_owned), attempt }
}

/// Looks first, then waits for the hash of what was seen.
fn manual(spec: &SchemaMigrationSpec, facts: &Facts, now: Timestamp) -> Step {
    let approved = spec.approved_plan_hash.as_deref();
    let last = facts.latest(|job| job.word == Word::Up && job.approved.as_deref() == approved);
    let was_refused =
        last.filter(|job| job.report.as_ref().is_some_and(|report| report.outcome == Outcome::NotApproved));
    if let Some(job) = last.filter(|_| was_refused.is_none()) {
        return failed(job, now);
    }
    let is_plan = |job: &SeenJob| job.word == Word::Plan;
    let Some(plan) = facts.latest(is_plan) else {
        return Step::reconciling(Reason::Planning, "the plan is being made").start(Order {
            word: Word::Plan,
            approved: approved.map(str::to_owned),
            attempt: 0,
        });
    };
    let Some(state) = facts.state().filter(|_| plan.phase == Phase::Complete) else {
        return if plan.phase == Phase::Running { running(plan) } else { failed(plan, now) };
    };
    if state.expands.is_empty() {
        // Only the grants are made anew: nothing waits for anybody's approval.
        return Step::reconciling(Reason::Applying, "the Job is being made").start(up(None, 0));
    }
    let is_stale = was_refused.is_some_and(|refused| plan.ended <= refused.ended);
    if approved.is_some() && approved == state.up_hash.as_deref() && !is_stale {
        let attempt = last.map_or(0, |job| job.attempt + 1);
        return Step::reconciling(Reason::Applying, "the Job is being made")
            .approved(Told::new(Truth::True, Reason::Approved, "the plan is approved"))
            .start(up(approved, attempt));
    }
    // An approval for another plan than the one we know may be for a newer one: look once for each.
    let was_looked = facts.latest(|job| is_plan(job) && job.approved.as_deref() == approved).is_some();
    let look = (approved.is_some() && !was_looked || is_stale).then(|| facts.look(approved)).flatten();
    let mut step = awaiting(state, approved);
    step.start = look;
    step
}

fn awaiting(state: &State, approved: Option<&str>) -> Step {
    let hash = state.up_hash.as_deref().unwrap_or_default();
    let files = state.expands.join(", ");
    let message = match approved {
        None => format!("{files} wait for the approval of plan {hash}"),
        Some(other) => format!("{files} wait for the approval of plan {hash}; approved is {other}"),
    };
    Step::reconciling(Reason::AwaitingApproval, message.clone()).approved(Told::new(
        Truth::False,
        Reason::AwaitingApproval,
        message,
    ))
}
