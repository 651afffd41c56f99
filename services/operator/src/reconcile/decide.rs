//! What follows from what is wanted and what there is: the next Job, if one is due, and the truth about the rest. Pure: it
//! looks at no clock and no cluster, so each state of the world is a fixture.
//!
//! The Jobs are the memory. The status is written for people and never read to decide, so a controller that dies in any state,
//! or whose status is lost, goes on from what is there.

mod contracts;
mod expand;
mod facts;
mod step;
mod verify;

use std::time::Duration;

use k8s_openapi::jiff::Timestamp;

use super::build::Order;
use super::seen::{Phase, Seen, SeenJob, Word};
use super::validate::Refusal;
use crate::crd::{Reason, SchemaMigrationSpec};
use crate::report::{Outcome, State};
use facts::Facts;
use step::Step;

/// A Job that ended for want of a lock or a connection is followed by another after this, and then after twice as long.
const PAUSE_FIRST: Duration = Duration::from_secs(15);
const PAUSE_MAX: Duration = Duration::from_mins(5);
/// Jobs tell when they change; this only makes up for a message that was lost.
const LOOK_AGAIN: Duration = Duration::from_mins(1);

/// How a migration stands, as kstatus knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// As far as it may go.
    Settled,
    /// Something is being done, or waits.
    Reconciling,
    /// Nothing changes until somebody does something.
    Stalled,
}

/// Whether something is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// It is.
    True,
    /// It is not.
    False,
    /// Nobody has looked.
    Unknown,
}

impl Truth {
    /// As conditions have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }
}

/// One condition's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Whether it is so.
    pub truth: Truth,
    /// Why.
    pub reason: Reason,
    /// In words.
    pub message: String,
}

impl Told {
    pub(super) fn new(truth: Truth, reason: Reason, message: impl Into<String>) -> Self {
        Self { truth, reason, message: message.into() }
    }
}

/// What follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conclusion {
    /// How it stands.
    pub progress: Progress,
    /// Why.
    pub reason: Reason,
    /// In words.
    pub message: String,
    /// Whether what would be done is known.
    pub planned: Told,
    /// Whether whatever waits may run.
    pub approved: Told,
    /// Whether the database is what the migrations made of it.
    pub drift: Told,
    /// Where the schema stands, as far as is known.
    pub state: Option<State>,
    /// The hash that a person may approve now.
    pub plan_hash: Option<String>,
    /// Why the last pod failed.
    pub last_error: Option<String>,
    /// The Job that matters now.
    pub job: Option<String>,
    /// How many pods were started for what is wanted now.
    pub attempts: i32,
    /// The Job that is due.
    pub start: Option<Order>,
    /// When to look again, if nothing changes before.
    pub again: Duration,
}

/// Draws the conclusion.
pub fn decide(
    spec: &SchemaMigrationSpec,
    inputs: &str,
    seen: &Seen,
    verify_interval: Duration,
    now: Timestamp,
) -> Conclusion {
    let facts = Facts::of(seen, inputs);
    let mut step = expand::step(spec, &facts, now).unwrap_or_else(|| contracts::step(spec, &facts, now));
    if step.progress == Progress::Settled && step.start.is_none() {
        let due = verify::due(&facts, verify_interval, now);
        step.again = due.again;
        step.start = due.start;
    }
    let state = facts.state().cloned();
    let matters = facts.matters();
    Conclusion {
        planned: planned(&facts),
        approved: step
            .approved
            .unwrap_or_else(|| Told::new(Truth::True, Reason::NotNeeded, "nothing waits for an approval")),
        drift: verify::drift(&facts),
        plan_hash: state.as_ref().and_then(|state| to_approve(spec, state)).map(str::to_owned),
        last_error: facts.last_error(),
        job: matters.map(|job| job.name.clone()),
        attempts: facts.attempts(),
        progress: step.progress,
        reason: step.reason,
        message: step.message,
        start: step.start,
        again: step.again,
        state,
    }
}

/// What follows from a refusal: nothing runs, and it is said why.
pub fn refused(refusal: &Refusal) -> Conclusion {
    let unknown = |reason| Told::new(Truth::Unknown, reason, "nothing was begun");
    Conclusion {
        progress: Progress::Stalled,
        reason: refusal.reason(),
        message: refusal.to_string(),
        planned: unknown(refusal.reason()),
        approved: unknown(refusal.reason()),
        drift: unknown(Reason::NotVerified),
        state: None,
        plan_hash: None,
        last_error: None,
        job: None,
        attempts: 0,
        start: None,
        // A label that is put onto a Secret tells nobody.
        again: LOOK_AGAIN,
    }
}

/// Jobs that nobody will ask about again: of other inputs, or followed by another of their kind.
pub fn superseded<'a>(seen: &'a Seen, inputs: &str) -> Vec<&'a str> {
    let is_followed = |job: &SeenJob| {
        seen.jobs.iter().any(|other| {
            (other.word, &other.approved, &other.inputs) == (job.word, &job.approved, &job.inputs)
                && other.attempt > job.attempt
                && other.phase != Phase::Running
        })
    };
    let is_superseded =
        |job: &&SeenJob| job.inputs != inputs || (job.phase != Phase::Running && is_followed(job));
    seen.jobs.iter().filter(is_superseded).map(|job| job.name.as_str()).collect()
}

fn planned(facts: &Facts) -> Told {
    match facts.state() {
        Some(state) => {
            let waiting = [&state.expands, &state.backfills, &state.contracts].map(Vec::len);
            let [expands, backfills, contracts] = waiting;
            let message = format!("{expands} files to expand, {backfills} to fill, {contracts} to contract");
            Told::new(Truth::True, Reason::PlanReady, message)
        }
        None => Told::new(Truth::False, Reason::Planning, "what would be done is not known yet"),
    }
}

/// The hash that would let something go on: of the expands where those wait for approval, else of the contracts.
fn to_approve<'a>(spec: &SchemaMigrationSpec, state: &'a State) -> Option<&'a str> {
    if spec.approval == crate::crd::Approval::Manual && !state.expands.is_empty() {
        state.up_hash.as_deref()
    } else {
        state.plan_hash.as_deref()
    }
}

/// A Job at work: what stands in its way, as the pod that failed last told.
fn running(job: &SeenJob) -> Step {
    let doing = match job.word {
        Word::Plan | Word::Verify => Reason::Planning,
        Word::Up | Word::Contracts => Reason::Applying,
    };
    if let Some(report) = job.report.as_ref().filter(|report| report.outcome != Outcome::Done) {
        return Step::reconciling(passing(report.outcome).unwrap_or(doing), report.message.clone());
    }
    match &job.hindrance {
        Some(hindrance) => {
            Step::reconciling(doing, format!("the pod of Job {} waits: {hindrance}", job.name))
        }
        None => Step::reconciling(doing, format!("Job {} is at work", job.name)),
    }
}

/// A Job that gave up: tried again if that may help, after a while.
fn failed(job: &SeenJob, now: Timestamp) -> Step {
    let outcome = job.report.as_ref().map(|report| report.outcome);
    let said = job.report.as_ref().map(|report| report.message.clone()).filter(|message| !message.is_empty());
    let message = said.or_else(|| job.failure.clone()).unwrap_or_else(|| format!("Job {} failed", job.name));
    let reason = match outcome {
        None | Some(Outcome::Stopped | Outcome::Done) => Some(Reason::Applying),
        Some(outcome) => passing(outcome),
    };
    let Some(reason) = reason else {
        let reason = match outcome {
            Some(Outcome::ChecksumMismatch) => Reason::ChecksumMismatch,
            Some(Outcome::UnknownNewerSchema) => Reason::UnknownNewerSchema,
            _ => Reason::Failed,
        };
        return Step::stalled(reason, message);
    };
    let pause = PAUSE_FIRST.saturating_mul(1 << job.attempt.min(8)).min(PAUSE_MAX);
    let left = left(job.ended, pause, now);
    let mut step = Step::reconciling(reason, message);
    if left.is_zero() {
        let approved = job.approved.clone();
        step = step.start(Order { word: job.word, approved, attempt: job.attempt + 1 });
    } else {
        step.again = left;
    }
    step
}

/// The reason of an outcome that passes by itself.
fn passing(outcome: Outcome) -> Option<Reason> {
    match outcome {
        Outcome::LockHeld => Some(Reason::LockHeld),
        Outcome::LockTimeout => Some(Reason::RetryingAfterLockTimeout),
        Outcome::DatabaseUnreachable => Some(Reason::DatabaseUnreachable),
        Outcome::OldApplicationsConnected => Some(Reason::OldApplicationsConnected),
        _ => None,
    }
}

/// How long until `pause` has passed since `from`.
fn left(from: Option<Timestamp>, pause: Duration, now: Timestamp) -> Duration {
    let passed = from.map_or(Duration::MAX, |from| now.duration_since(from).try_into().unwrap_or_default());
    pause.saturating_sub(passed)
}
