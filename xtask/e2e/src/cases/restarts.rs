//! Rolling restarts of both services, one after the other, while requests come in through the Gateway: none fails.

use std::time::{Duration, Instant};

use k8s_openapi::api::apps::v1::Deployment;
use kube::api::{Patch, PatchParams};
use serde_json::json;

use crate::error::Failure;
use crate::namespace::until;
use crate::release::{Release, Service, WAIT};
use crate::stage::Stage;
use crate::traffic::{Traffic, route};

const ROUNDS: u32 = 3;
const ROUNDS_LONG: u32 = 20;
const ROLLED_MAX: Duration = Duration::from_mins(3);

pub(super) async fn run(stage: &Stage) -> Result<(), Failure> {
    let release = Release::new(stage, "atelier");
    let values = stage.values(&stage.database_host()).await?;
    release.install(&values, &[WAIT.as_slice(), &[&route(stage)?]].concat()).await?;
    let traffic = Traffic::begin_with(stage, 2).await?;
    for round in 1..=if stage.setting.long { ROUNDS_LONG } else { ROUNDS } {
        let begin = Instant::now();
        roll(stage, round).await?;
        traffic.goes_on().await?;
        traffic.note(&format!("restart {round} in {:.1} s", begin.elapsed().as_secs_f64()));
    }
    traffic.end_without_failure().await
}

/// Restarts both services, and waits until all of it is done.
pub(super) async fn roll(stage: &Stage, round: u32) -> Result<(), Failure> {
    for service in Service::ALL {
        restart(stage, service, round).await?;
    }
    for service in Service::ALL {
        rolled_out(stage, service).await?;
    }
    Ok(())
}

fn deployment(service: Service) -> String {
    format!("atelier-{}", service.name())
}

/// As `kubectl rollout restart` does.
async fn restart(stage: &Stage, service: Service, round: u32) -> Result<(), Failure> {
    let annotations = json!({ "atelier.dev/restarted": round.to_string() });
    let change = json!({ "spec": { "template": { "metadata": { "annotations": annotations } } } });
    let deployments = stage.namespace.all::<Deployment>();
    deployments.patch(&deployment(service), &PatchParams::default(), &Patch::Merge(change)).await?;
    Ok(())
}

/// As `kubectl rollout status` does.
async fn rolled_out(stage: &Stage, service: Service) -> Result<(), Failure> {
    let deployments = stage.namespace.all::<Deployment>();
    until(&format!("{} is rolled out", service.name()), ROLLED_MAX, async || {
        let found = deployments.get(&deployment(service)).await?;
        let wanted = found.spec.and_then(|spec| spec.replicas);
        let status = found.status.unwrap_or_default();
        let is_done = status.observed_generation == found.metadata.generation
            && [status.updated_replicas, status.replicas, status.available_replicas] == [wanted; 3];
        Ok(is_done.then_some(()))
    })
    .await
}
