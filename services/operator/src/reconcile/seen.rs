//! What there is: the Jobs of one migration and what their pods reported, as plain values. No client is needed here.

use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::build::{ANNOTATION_APPROVED, LABEL_ATTEMPT, LABEL_INPUTS, LABEL_WORD};
use crate::report::Report;

/// What a Job does: a word of the migrator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Word {
    /// Looks what would be done.
    Plan,
    /// Applies what adds.
    Up,
    /// Applies what takes away.
    Contracts,
    /// Looks whether the database is what the migrations made of it.
    Verify,
}

impl Word {
    /// In names and labels.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Up => "migrate",
            Self::Contracts => "contract",
            Self::Verify => "verify",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Plan, Self::Up, Self::Contracts, Self::Verify].into_iter().find(|word| word.name() == text)
    }

    /// Whether it changes the schema.
    pub fn changes(self) -> bool {
        matches!(self, Self::Up | Self::Contracts)
    }
}

/// How far a Job is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Not at its end.
    #[default]
    Running,
    /// It did what it was to do.
    Complete,
    /// It gave up.
    Failed,
}

/// One Job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SeenJob {
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// What it does.
    pub word: Word,
    /// The hash of what it was made from.
    #[serde(default)]
    pub inputs: String,
    /// The how-many-eth of its kind, from 0.
    #[serde(default)]
    pub attempt: u32,
    /// The hash that was approved when it was made.
    #[serde(default)]
    pub approved: Option<String>,
    /// How far it is.
    #[serde(default)]
    pub phase: Phase,
    /// When it ended.
    #[serde(default)]
    pub ended: Option<Timestamp>,
    /// How many pods it had.
    #[serde(default)]
    pub pods: i32,
    /// What the last pod that ended reported.
    #[serde(default)]
    pub report: Option<Report>,
    /// Why its pod does not start.
    #[serde(default)]
    pub hindrance: Option<String>,
    /// Why it failed, as Kubernetes says: its deadline, or the failure of its pods.
    #[serde(default)]
    pub failure: Option<String>,
}

/// What a Secret that is named turned out to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SeenSecret {
    /// There is none.
    Missing,
    /// It does not say that it holds a database's login.
    Unlabelled,
    /// It does.
    Labelled,
    /// It does, and names the hosts that the login may be sent to, joined by commas.
    LabelledFor(String),
}

/// All that a conclusion is drawn from, beside the migration itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The Secrets that are named.
    pub secrets: BTreeMap<String, SeenSecret>,
    /// The Jobs.
    pub jobs: Vec<SeenJob>,
}

impl SeenJob {
    /// Reads one that we made; `None` for another's.
    pub fn of(job: &Job, pods: &[Pod]) -> Option<Self> {
        let labels = job.metadata.labels.as_ref()?;
        let word = Word::parse(labels.get(LABEL_WORD)?)?;
        let name = job.metadata.name.clone()?;
        let status = job.status.clone().unwrap_or_default();
        let conditions = status.conditions.unwrap_or_default();
        let is = |kind: &str| conditions.iter().find(|it| it.type_ == kind && it.status == "True");
        let (phase, end) = match (is("Complete"), is("Failed")) {
            (Some(complete), _) => (Phase::Complete, Some(complete)),
            (_, Some(failed)) => (Phase::Failed, Some(failed)),
            _ => (Phase::Running, None),
        };
        let ours: Vec<&Pod> = pods.iter().filter(|pod| is_of(pod, &name)).collect();
        let annotations = job.metadata.annotations.as_ref();
        Some(Self {
            word,
            inputs: labels.get(LABEL_INPUTS).cloned().unwrap_or_default(),
            attempt: labels.get(LABEL_ATTEMPT).and_then(|text| text.parse().ok()).unwrap_or(0),
            approved: annotations.and_then(|all| all.get(ANNOTATION_APPROVED)).cloned(),
            phase,
            ended: end.and_then(|condition| condition.last_transition_time.as_ref()).map(|time| time.0),
            pods: [status.active, status.succeeded, status.failed].into_iter().flatten().sum(),
            report: last_report(&ours),
            hindrance: ours.iter().find_map(|pod| hindrance(pod)),
            failure: end.filter(|_| phase == Phase::Failed).and_then(|condition| condition.message.clone()),
            name,
        })
    }
}

fn is_of(pod: &Pod, job: &str) -> bool {
    let labels = pod.metadata.labels.as_ref();
    labels.and_then(|labels| labels.get("batch.kubernetes.io/job-name")).is_some_and(|name| name == job)
}

fn last_report(pods: &[&Pod]) -> Option<Report> {
    let ended = pods.iter().filter_map(|pod| {
        let container = pod.status.as_ref()?.container_statuses.as_ref()?.first()?;
        container.state.as_ref()?.terminated.clone()
    });
    let last = ended.max_by_key(|end| end.finished_at.as_ref().map(|time| time.0))?;
    Some(Report::of_pod(last.exit_code, last.message.as_deref().unwrap_or_default()))
}

fn hindrance(pod: &Pod) -> Option<String> {
    let container = pod.status.as_ref()?.container_statuses.as_ref()?.first()?;
    let waiting = container.state.as_ref()?.waiting.as_ref()?;
    let reason = waiting.reason.clone().filter(|reason| reason != "ContainerCreating")?;
    Some(match &waiting.message {
        Some(message) => format!("{reason}: {message}"),
        None => reason,
    })
}
