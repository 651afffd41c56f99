//! From nothing to a paid order: the chart with the values that `cargo xtask values` prints, everybody in their place, and
//! pods that hold no right that they do not need.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Container, Pod, Volume};
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::json;

use crate::error::{Failure, ensure};
use crate::namespace::{object, until};
use crate::orders::{MODEL, People, request};
use crate::release::{Release, Service, WAIT, is_complete, name};
use crate::stage::Stage;

/// The image's numeric user, and the group of that number.
const USER: i64 = 65532;
const LOOK_MAX: Duration = Duration::from_mins(1);

pub(super) async fn run(stage: &Stage) -> Result<(), Failure> {
    let release = Release::new(stage, "atelier");
    let values = stage.values(&stage.database_host()).await?;
    let took = release.install(&values, &WAIT).await?;
    stage.note(&format!("from helm install to ready: {:.1} s (goal: 60 s)", took.as_secs_f64()));
    let job = release.job().await?;
    ensure(is_complete(&job), "a complete Job", &job.status)?;

    carelessness_is_refused(stage).await?;
    for service in Service::ALL {
        let pods = release.ready(service, 2).await?;
        pods.iter().try_for_each(confined)?;
        seen_from_inside(stage, &name(&pods[0]), service.name()).await?;
    }
    release.job_pods().await?.iter().try_for_each(confined)?;
    release.verified().await?;
    sold(&release, &People::of(stage).await?).await
}

/// The two services together: one order, walked by its two parties, seen in the buyer's page with its model.
async fn sold(release: &Release, people: &People) -> Result<(), Failure> {
    let id = release.walk(people).await?;
    let page = release.page(&people.buyer).await?;
    let order = &page.body["orders"][0];
    let is_ours = order["order_id"] == id && order["status"] == "paid";
    let is_told = order["model_status"] == "found" && order["model_details"]["name"] == MODEL.1;
    ensure(page.status == 200 && is_ours && is_told, "the paid order with its model", &page)?;

    let path = format!("/orders/{id}");
    let nobody = release.send(Service::OrderStatus, request(None, "GET", &path, None)?).await?;
    ensure(nobody.status == 401, "401 without a token", &nobody)?;
    let nobody = release.send(Service::Orders, request(None, "GET", "/orders/user/ada", None)?).await?;
    ensure(nobody.status == 401, "401 without a token", &nobody)
}

/// The control: a namespace that took every pod would prove nothing about ours.
async fn carelessness_is_refused(stage: &Stage) -> Result<(), Failure> {
    let careless = json!({
        "metadata": { "name": "careless" },
        "spec": { "containers": [{ "name": "careless", "image": "localhost/atelier/orders:0.1.0" }] },
    });
    let only_asked = PostParams { dry_run: true, ..PostParams::default() };
    let answer = stage.namespace.all::<Pod>().create(&only_asked, &object(careless)?).await;
    let is_refused = matches!(&answer, Err(kube::Error::Api(status)) if status.code == 403);
    ensure(is_refused, "403 by Pod Security for a pod that asks for nothing", answer.map(|pod| name(&pod)))
}

/// What the pod asks for, admission's additions among it.
fn confined(pod: &Pod) -> Result<(), Failure> {
    let name = name(pod);
    let spec = pod.spec.clone().unwrap_or_default();
    ensure(spec.automount_service_account_token == Some(false), "no token asked for", &name)?;
    let volumes = spec.volumes.iter().flatten();
    let foreign: Vec<&Volume> =
        volumes.filter(|volume| volume.projected.is_some() || volume.host_path.is_some()).collect();
    ensure(foreign.is_empty(), "no token and no folder of the node mounted", (&name, foreign))?;
    let locked = |container: &Container| {
        let context = container.security_context.clone().unwrap_or_default();
        context.read_only_root_filesystem == Some(true) && context.run_as_user.is_none()
    };
    ensure(spec.containers.iter().all(locked), "a read-only root and the image's user", &spec.containers)
}

/// What the process really has, as a shell beside it sees: the kernel's words, not the manifest's.
async fn seen_from_inside(stage: &Stage, pod: &str, container: &str) -> Result<(), Failure> {
    let look = json!({
        "name": "look",
        "image": stage.image_with_a_shell().await?,
        "command": ["sh", "-c", "cat /proc/1/status /proc/1/mounts"],
        "targetContainerName": container,
        "securityContext": {
            "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] }, "runAsUser": USER,
        },
    });
    let pods = stage.namespace.all::<Pod>();
    let change = Patch::Strategic(json!({ "spec": { "ephemeralContainers": [look] } }));
    pods.patch_ephemeral_containers(pod, &PatchParams::default(), &change).await?;
    until("the look from inside has ended", LOOK_MAX, async || {
        let status = pods.get(pod).await?.status.and_then(|status| status.ephemeral_container_statuses);
        Ok(status.into_iter().flatten().find_map(|status| status.state?.terminated).map(drop))
    })
    .await?;
    let seen = stage.namespace.log(pod, Some("look")).await?;
    let value = |key: &str| {
        let line = seen.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
        line.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let user = [USER; 4].map(|id| id.to_string()).join(" ");
    for (key, right) in [
        // Of the service, and not of the shell.
        ("Name", container),
        ("Uid", &user),
        ("Gid", &user),
        ("CapEff", "0000000000000000"),
        ("CapBnd", "0000000000000000"),
        ("NoNewPrivs", "1"),
        ("Seccomp", "2"),
    ] {
        ensure(value(key) == right, "a process without rights", (key, value(key)))?;
    }
    let root = seen.lines().rfind(|line| line.split_whitespace().nth(1) == Some("/"));
    let options = root.and_then(|line| line.split_whitespace().nth(3)).unwrap_or_default();
    ensure(options.split(',').any(|option| option == "ro"), "a read-only root", root)?;
    let token = seen.lines().find(|line| line.contains("serviceaccount"));
    ensure(token.is_none(), "no token of a service account mounted", token)
}
