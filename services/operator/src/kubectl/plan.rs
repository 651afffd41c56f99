//! The plan of a migration, in full: a Job of its image that only looks, whose log is the answer. It is made with the rights of
//! whoever asks, and its report tells the controller as well.

use std::io::Write;
use std::time::Duration;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::Client;
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, ListParams, LogParams, PostParams};
use kube::runtime::wait::{Condition, await_condition};

use super::KubectlError;
use crate::crd::SchemaMigration;
use crate::reconcile::build::{self, Order};
use crate::reconcile::seen::Word;

/// How long is waited for the Job, beside what it may take itself.
const PATIENCE: Duration = Duration::from_mins(2);

/// Shows it.
pub(super) async fn show(
    client: &Client,
    migration: &SchemaMigration,
    out: &mut impl Write,
) -> Result<(), KubectlError> {
    let namespace = migration.namespace().unwrap_or_default();
    let jobs = Api::<Job>::namespaced(client.clone(), &namespace);
    let mut job = build::build(migration, &Order { word: Word::Plan, approved: None, attempt: 0 })?;
    // Made for one look and by somebody else: not one of those that the controller counts.
    job.metadata.labels = None;
    job.metadata.generate_name = job.metadata.name.take().map(|name| format!("{name}-by-hand-"));
    for container in
        job.spec.iter_mut().filter_map(|spec| spec.template.spec.as_mut()).flat_map(|pod| &mut pod.containers)
    {
        container.args = Some(vec!["plan".to_owned()]);
    }
    let name = jobs.create(&PostParams::default(), &job).await?.name_any();
    let waited = tokio::time::timeout(PATIENCE, await_condition(jobs.clone(), &name, ended())).await;
    let pods = Api::<Pod>::namespaced(client.clone(), &namespace);
    let told = log(&pods, &name).await;
    jobs.delete(&name, &DeleteParams::background()).await?;
    let (text, is_complete) = told?;
    if waited.is_err() || !is_complete {
        return Err(KubectlError::NoPlan(if text.is_empty() {
            "its pod did not start in time".to_owned()
        } else {
            text
        }));
    }
    writeln!(out, "{text}")?;
    writeln!(out, "to approve: kubectl atelier approve {} HASH", migration.name_any())?;
    Ok(())
}

fn ended() -> impl Condition<Job> {
    |job: Option<&Job>| {
        let conditions = job.and_then(|job| job.status.as_ref()?.conditions.as_ref());
        conditions.is_some_and(|all| {
            all.iter().any(|it| matches!(it.type_.as_str(), "Complete" | "Failed") && it.status == "True")
        })
    }
}

/// What the newest pod printed, and whether it came to a good end.
async fn log(pods: &Api<Pod>, job: &str) -> Result<(String, bool), kube::Error> {
    let of_job = ListParams::default().labels(&format!("batch.kubernetes.io/job-name={job}"));
    let Some(pod) = pods.list(&of_job).await?.items.into_iter().max_by_key(ResourceExt::creation_timestamp)
    else {
        return Ok((String::new(), false));
    };
    let is_complete = pod.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Succeeded");
    let text = pods.logs(&pod.name_any(), &LogParams::default()).await?;
    // The program's own log is JSON, a line each; the answer is everything else.
    let lines: Vec<&str> =
        text.lines().filter(|line| !is_complete || !line.starts_with("{\"timestamp\"")).collect();
    Ok((lines.join("\n"), is_complete))
}
