//! Releases whose Services would become variables that read like our keys: `ATELIER_ORDERS_PORT` and the like.
//!
//! Two lines of defence, both shown: no pod of the chart gets such variables, and the binary ignores them where it does.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::api::PostParams;
use serde_json::{Value, json};

use crate::error::{Failure, ensure};
use crate::namespace::{object, until};
use crate::release::{Release, Service, WAIT, name, restarts};
use crate::stage::Stage;

const ENDED_MAX: Duration = Duration::from_mins(1);
/// Of the second release's Services, `atelier-database-orders` among them.
const VARIABLES: [&str; 3] =
    ["ATELIER_ORDERS_PORT=", "ATELIER_ORDER_STATUS_SERVICE_HOST=", "ATELIER_DATABASE_ORDERS_PORT="];

pub(super) async fn run(stage: &Stage) -> Result<(), Failure> {
    let values = stage.values(&stage.database_host()).await?;
    // The second one's pods start when the first one's Services are there, and the other way round after a rollout.
    let releases = [Release::new(stage, "atelier"), Release::new(stage, "atelier-database")];
    let one_each = ["--set", "orderStatus.replicas=1,orders.replicas=1"];
    for release in &releases {
        release.install(&values, &[WAIT.as_slice(), &one_each].concat()).await?;
    }
    for release in &releases {
        for service in Service::ALL {
            for pod in release.ready(service, 1).await? {
                let links = pod.spec.as_ref().and_then(|spec| spec.enable_service_links);
                ensure(links == Some(false), "no service links", (name(&pod), links))?;
                ensure(restarts(&pod) == 0, "a pod that started at once", name(&pod))?;
            }
        }
        for pod in release.job_pods().await? {
            let links = pod.spec.as_ref().and_then(|spec| spec.enable_service_links);
            ensure(links == Some(false), "no service links", (name(&pod), links))?;
        }
    }
    let last = releases[1].ready(Service::Orders, 1).await?.remove(0);
    with_links_the_variables_are_there(stage, &last).await?;
    with_links_the_binary_ignores_them(stage, &last).await
}

/// The control: the variables, as a shell sees them.
async fn with_links_the_variables_are_there(stage: &Stage, model: &Pod) -> Result<(), Failure> {
    let image = stage.image_with_a_shell().await?;
    let change = json!({ "image": image, "command": ["sh", "-c", "export -p"], "args": [] });
    let log = run_with_links(stage, model, "variables", change).await?;
    let missing: Vec<&str> =
        VARIABLES.into_iter().filter(|name| !log.contains(&name.replace('=', ""))).collect();
    ensure(missing.is_empty(), "the variables of the Services", missing)
}

/// The same container as the chart's, asked about its configuration, with the variables that the chart keeps from it.
async fn with_links_the_binary_ignores_them(stage: &Stage, model: &Pod) -> Result<(), Failure> {
    let mut args = model.spec.clone().unwrap_or_default().containers.remove(0).args.unwrap_or_default();
    args.extend(["config".to_owned(), "check".to_owned()]);
    let log = run_with_links(stage, model, "configuration", json!({ "args": args })).await?;
    ensure(log.contains("the configuration can be used"), "a configuration that can be used", log)
}

/// Runs a pod like `model` to its end, but with links on and `change` in its container. Returns what it printed.
async fn run_with_links(stage: &Stage, model: &Pod, name: &str, change: Value) -> Result<String, Failure> {
    let mut spec = serde_json::to_value(&model.spec)
        .map_err(|source| Failure::Object { path: "a pod of the cluster".into(), source })?;
    spec["enableServiceLinks"] = json!(true);
    spec["restartPolicy"] = json!("Never");
    for gone in ["nodeName", "topologySpreadConstraints"] {
        spec.as_object_mut().map(|all| all.remove(gone));
    }
    let container = &mut spec["containers"][0];
    for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
        container.as_object_mut().map(|all| all.remove(probe));
    }
    for (key, value) in change.as_object().into_iter().flatten() {
        container[key] = value.clone();
    }
    let pod = object::<Pod>(json!({ "metadata": { "name": name }, "spec": spec }))?;
    let pods = stage.namespace.all::<Pod>();
    pods.create(&PostParams::default(), &pod).await?;
    let phase = until(&format!("pod {name} has ended"), ENDED_MAX, async || {
        let phase = pods.get(name).await?.status.and_then(|status| status.phase).unwrap_or_default();
        Ok(["Succeeded", "Failed"].contains(&phase.as_str()).then_some(phase))
    })
    .await?;
    let log = stage.namespace.log(name, None).await?;
    ensure(phase == "Succeeded", "a pod that succeeds", (phase, &log))?;
    Ok(log)
}
