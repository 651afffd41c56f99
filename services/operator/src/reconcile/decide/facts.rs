//! The Jobs of the present wish, asked in the terms in which the steps think.

use k8s_openapi::jiff::Timestamp;

use super::super::build::Order;
use super::super::seen::{Phase, Seen, SeenJob, Word};
use crate::report::{Outcome, State};

/// The Jobs of the present inputs.
pub(super) struct Facts<'a> {
    jobs: Vec<&'a SeenJob>,
}

impl<'a> Facts<'a> {
    pub(super) fn of(seen: &'a Seen, inputs: &str) -> Self {
        Self { jobs: seen.jobs.iter().filter(|job| job.inputs == inputs).collect() }
    }

    /// The newest of a kind.
    pub(super) fn latest(&self, is: impl Fn(&SeenJob) -> bool) -> Option<&'a SeenJob> {
        self.jobs.iter().copied().filter(|job| is(job)).max_by_key(|job| job.attempt)
    }

    /// The newest of a kind that has ended.
    pub(super) fn ended(&self, is: impl Fn(&SeenJob) -> bool) -> Option<&'a SeenJob> {
        self.latest(|job| job.phase != Phase::Running && is(job))
    }

    /// The Job that knows most recently where the schema stands.
    fn source(&self) -> Option<&'a SeenJob> {
        let knows = |job: &&SeenJob| job.report.as_ref().is_some_and(|report| report.state.is_some());
        self.jobs
            .iter()
            .copied()
            .filter(knows)
            // One that runs has reported of a pod that failed before.
            .max_by_key(|job| (job.ended.unwrap_or(Timestamp::MIN), job.word, job.attempt))
    }

    /// Where the schema stands.
    pub(super) fn state(&self) -> Option<&'a State> {
        self.source()?.report.as_ref()?.state.as_ref()
    }

    /// When that was seen.
    pub(super) fn state_at(&self) -> Option<Timestamp> {
        self.source()?.ended
    }

    /// When the schema was last changed, as far as a Job of ours did it.
    pub(super) fn changed_at(&self) -> Option<Timestamp> {
        let changes = |job: &&&SeenJob| job.word.changes() && job.phase == Phase::Complete;
        self.jobs.iter().filter(changes).filter_map(|job| job.ended).max()
    }

    /// The next Job that looks; `None` while one is at it.
    pub(super) fn look(&self, approved: Option<&str>) -> Option<Order> {
        self.next(Word::Plan, approved)
    }

    /// The next Job of a kind that is numbered through; `None` while one is at it.
    pub(super) fn next(&self, word: Word, approved: Option<&str>) -> Option<Order> {
        let last = self.latest(|job| job.word == word);
        if last.is_some_and(|job| job.phase == Phase::Running) {
            return None;
        }
        let attempt = last.map_or(0, |job| job.attempt + 1);
        Some(Order { word, approved: approved.map(str::to_owned), attempt })
    }

    /// The Job that matters now: what changes before what looks, the newest before the older.
    pub(super) fn matters(&self) -> Option<&'a SeenJob> {
        self.jobs.iter().copied().max_by_key(|job| {
            let is_at_it = job.phase == Phase::Running && job.word != Word::Verify;
            (is_at_it, job.word.changes(), job.ended.unwrap_or(Timestamp::MIN), job.attempt)
        })
    }

    /// Why the pod failed that matters.
    pub(super) fn last_error(&self) -> Option<String> {
        let job = self.matters()?;
        let report = job.report.as_ref().filter(|report| report.outcome != Outcome::Done);
        let said = report.map(|report| format!("{}: {}", report.outcome.name(), report.message));
        said.or_else(|| job.hindrance.clone()).or_else(|| job.failure.clone())
    }

    /// How many pods were to change the schema.
    pub(super) fn attempts(&self) -> i32 {
        self.jobs.iter().filter(|job| job.word.changes()).map(|job| job.pods).sum()
    }
}
