//! The Jobs of a release: those that migrate, the one that verifies, and what they said.

use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{ListParams, ObjectMeta, PostParams};

use super::{READY_MAX, Release, name};
use crate::error::{Failure, ensure};
use crate::namespace::until;

impl Release {
    /// The pods of the Job, those that failed among them.
    pub(crate) async fn job_pods(&self) -> Result<Vec<Pod>, Failure> {
        self.namespace.pods(&self.labels("migrations")).await
    }

    /// The one Job that a release has at a time, but for its contract's.
    pub(crate) async fn job(&self) -> Result<Job, Failure> {
        self.job_of("migrations").await
    }

    /// The one that runs contracts.
    pub(crate) async fn contract_job(&self) -> Result<Job, Failure> {
        self.job_of("contracts").await
    }

    /// Its pods.
    pub(crate) async fn contract_pods(&self) -> Result<Vec<Pod>, Failure> {
        self.namespace.pods(&self.labels("contracts")).await
    }

    /// Runs the migrator of the release's Job with other words, to its end; its exit code, and what it said.
    pub(crate) async fn migrator(&self, words: &[String]) -> Result<(i32, String), Failure> {
        let mut spec = self.latest_job().await?.spec.and_then(|job| job.template.spec).unwrap_or_default();
        if let Some(container) = spec.containers.first_mut() {
            container.args = Some(words.to_vec());
        }
        let metadata = ObjectMeta { generate_name: Some("migrator-".to_owned()), ..ObjectMeta::default() };
        let pods = self.namespace.all::<Pod>();
        let pod = Pod { metadata, spec: Some(spec), status: None };
        let asked = name(&pods.create(&PostParams::default(), &pod).await?);
        let code = until(&format!("{asked} has ended"), READY_MAX, async || {
            let status = pods.get(&asked).await?.status.and_then(|status| status.container_statuses);
            let ended = status.into_iter().flatten().find_map(|status| status.state?.terminated);
            Ok(ended.map(|ended| ended.exit_code))
        })
        .await?;
        Ok((code, self.namespace.log(&asked, None).await?))
    }

    /// What the Job's pods said.
    pub(crate) async fn said_by_migrator(&self) -> Result<String, Failure> {
        let mut said = String::new();
        for pod in self.job_pods().await? {
            said.push_str(&self.namespace.log(&name(&pod), None).await?);
        }
        Ok(said)
    }

    /// The Job that was made last: Helm leaves that of a release that failed.
    pub(crate) async fn latest_job(&self) -> Result<Job, Failure> {
        let jobs = self.jobs("migrations").await?;
        let latest = jobs.into_iter().max_by_key(|job| job.metadata.creation_timestamp.clone());
        latest.ok_or_else(|| Failure::Unexpected { expected: "a Job", found: "none".to_owned() })
    }

    async fn jobs(&self, component: &str) -> Result<Vec<Job>, Failure> {
        let jobs = self.namespace.all::<Job>();
        Ok(jobs.list(&ListParams::default().labels(&self.labels(component))).await?.items)
    }

    async fn job_of(&self, component: &str) -> Result<Job, Failure> {
        let mut found = self.jobs(component).await?;
        ensure(found.len() == 1, "one Job", found.iter().map(|job| &job.metadata.name).collect::<Vec<_>>())?;
        Ok(found.remove(0))
    }

    /// Waits until the Job is complete.
    pub(crate) async fn migrated(&self) -> Result<(), Failure> {
        until("the Job is complete", READY_MAX, async || Ok(is_complete(&self.job().await?).then_some(())))
            .await
    }

    /// Runs the `CronJob` that verifies the schema, now, and waits for its good end.
    pub(crate) async fn verified(&self) -> Result<(), Failure> {
        let timer = self.namespace.all::<CronJob>().get("atelier-verify").await?;
        let spec = timer.spec.and_then(|spec| spec.job_template.spec);
        let job = Job {
            metadata: ObjectMeta { name: Some("verify-now".to_owned()), ..ObjectMeta::default() },
            spec,
            status: None,
        };
        let jobs = self.namespace.all::<Job>();
        jobs.create(&PostParams::default(), &job).await?;
        until("the schema is verified", READY_MAX, async || {
            Ok(is_complete(&jobs.get("verify-now").await?).then_some(()))
        })
        .await
    }
}

/// Whether it has done its work.
pub(crate) fn is_complete(job: &Job) -> bool {
    has_condition(job, "Complete")
}

/// Whether it has given up.
pub(crate) fn has_failed(job: &Job) -> bool {
    has_condition(job, "Failed")
}

fn has_condition(job: &Job, kind: &str) -> bool {
    let conditions = job.status.as_ref().and_then(|status| status.conditions.as_ref());
    conditions.is_some_and(|all| all.iter().any(|it| it.type_ == kind && it.status == "True"))
}
