//! What is wrong at the start is said in words, by pods that wait un-ready and do not die of it; put right, they become
//! ready as they are.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Pod, Secret};
use kube::api::{DeleteParams, PostParams};

use crate::error::{Failure, ensure};
use crate::namespace::{object, until};
use crate::release::{Release, Service, is_ready, name, restarts};
use crate::stage::Stage;

const SAID_MAX: Duration = Duration::from_mins(1);
/// The Job gives up a server that does not answer after this, and is tried again.
const IMPATIENT: [&str; 2] = ["--set", "migrations.patienceSeconds=5"];

/// All three logins have wrong passwords.
pub(super) async fn wrong_password(stage: &Stage) -> Result<(), Failure> {
    const LOGINS: [&str; 3] = ["migrator", "writer", "reader"];
    let mut right = Vec::new();
    for secret in LOGINS.map(|login| format!("atelier-database-{login}")) {
        let password = stage.namespace.secret_text(&secret, "password").await?;
        stage.namespace.set_secret(&secret, "password", "wrong").await?;
        right.push((secret, password));
    }
    let release = install(stage).await?;
    let cause = "password authentication failed for user";
    job_says(stage, &release, cause).await?;
    let waiting = services_say(stage, &release, cause).await?;
    for (secret, password) in &right {
        stage.namespace.set_secret(secret, "password", password).await?;
    }
    heals(stage, &release, &waiting).await
}

/// The server's certificate is signed by somebody else than the Secret says.
pub(super) async fn wrong_authority(stage: &Stage) -> Result<(), Failure> {
    const SECRET: &str = "atelier-database-ca";
    let right = stage.namespace.secret_text(SECRET, "ca.crt").await?;
    let others = dev_secrets::manifests("elsewhere")?;
    let other = others.iter().find(|secret| secret["metadata"]["name"] == SECRET);
    let wrong = other.and_then(|secret| secret["stringData"]["ca.crt"].as_str()).unwrap_or_default();
    stage.namespace.set_secret(SECRET, "ca.crt", wrong).await?;
    let release = install(stage).await?;
    let cause = "invalid peer certificate";
    job_says(stage, &release, cause).await?;
    let waiting = services_say(stage, &release, cause).await?;
    stage.namespace.set_secret(SECRET, "ca.crt", &right).await?;
    heals(stage, &release, &waiting).await
}

/// The login of order-status is nowhere: its pods do not start, and the cluster says why; nobody else minds.
pub(super) async fn missing_secret(stage: &Stage) -> Result<(), Failure> {
    const SECRET: &str = "atelier-database-writer";
    let values = stage.values(&stage.database_host()).await?;
    let Secret { metadata, data, type_, .. } = stage.namespace.secret(SECRET).await?;
    stage.namespace.all::<Secret>().delete(SECRET, &DeleteParams::default()).await?;
    let release = Release::new(stage, "atelier");
    release.install(&values, &[]).await?;
    until("an event names the Secret", SAID_MAX, async || {
        let events = stage.namespace.events("atelier-order-status-").await?;
        let names_it = |event: &String| event.contains(SECRET) && event.contains("not found");
        Ok(events.iter().any(names_it).then_some(()))
    })
    .await?;
    release.migrated().await?;
    release.ready(Service::Orders, 2).await?;
    let waiting = release.pods(Service::OrderStatus).await?;
    let are_two = waiting.len() == 2 && !waiting.iter().any(is_ready);
    ensure(are_two, "two pods of order-status, none ready", waiting.iter().map(name))?;

    let made = object::<Secret>(serde_json::json!({ "metadata": { "name": metadata.name } }))?;
    let made = Secret { data, type_, ..made };
    stage.namespace.all::<Secret>().create(&PostParams::default(), &made).await?;
    heals(stage, &release, &waiting).await
}

async fn install(stage: &Stage) -> Result<Release, Failure> {
    let values = stage.values(&stage.database_host()).await?;
    let release = Release::new(stage, "atelier");
    release.install(&values, &IMPATIENT).await?;
    Ok(release)
}

/// The Job's pod ends with words that anybody sees who describes it, and for a reason that another try may change.
async fn job_says(stage: &Stage, release: &Release, cause: &str) -> Result<(), Failure> {
    let (code, message) = until("a pod of the Job has ended", SAID_MAX, async || {
        let pods = release.job_pods().await?;
        let ended = pods.iter().find_map(|pod| {
            let status = pod.status.as_ref()?.container_statuses.as_ref()?.first()?;
            let ended = status.state.as_ref()?.terminated.as_ref()?;
            Some((ended.exit_code, ended.message.clone().unwrap_or_default()))
        });
        Ok(ended)
    })
    .await?;
    ensure(code == 75 && message.contains(cause), "exit code 75 and the cause", (code, &message))?;
    stage.note(&format!("the Job says: {}", message.split_whitespace().collect::<Vec<_>>().join(" ")));
    Ok(())
}

/// Every pod of both services is alive, un-ready, and says why. Returns them.
async fn services_say(stage: &Stage, release: &Release, cause: &str) -> Result<Vec<Pod>, Failure> {
    let mut waiting = Vec::new();
    for service in Service::ALL {
        let what = format!("both pods of {} say: {cause}", service.name());
        let pods = until(&what, SAID_MAX, async || {
            let pods = release.pods(service).await?;
            if pods.len() != 2 || !pods.iter().all(is_running) {
                return Ok(None);
            }
            for pod in &pods {
                // A process that has just begun may not listen yet.
                let Ok(answer) = release.readyz(service, pod).await else { return Ok(None) };
                let reason = answer.body["conditions"]["database"]["reason"].as_str().unwrap_or_default();
                if answer.status != 503 || !reason.contains(cause) {
                    return Ok(None);
                }
            }
            Ok(Some(pods))
        })
        .await?;
        ensure(!pods.iter().any(is_ready), "no pod ready", pods.iter().map(name).collect::<Vec<_>>())?;
        let answer = release.readyz(service, &pods[0]).await?;
        stage.note(&format!("{} says: {}", service.name(), answer.body["conditions"]["database"]["reason"]));
        waiting.extend(pods);
    }
    Ok(waiting)
}

/// The same pods become ready, none of them started anew, and the Job comes to its end.
async fn heals(stage: &Stage, release: &Release, waiting: &[Pod]) -> Result<(), Failure> {
    let begin = std::time::Instant::now();
    for service in Service::ALL {
        release.look_again(service).await?;
    }
    release.migrated().await?;
    let mut ready = Vec::new();
    for service in Service::ALL {
        ready.extend(release.ready(service, 2).await?);
    }
    stage.note(&format!("ready {:.1} s after it was put right", begin.elapsed().as_secs_f64()));
    for pod in &ready {
        ensure(restarts(pod) == 0, "a pod that was never started anew", (name(pod), restarts(pod)))?;
    }
    let names: Vec<String> = ready.iter().map(name).collect();
    let replaced: Vec<String> = waiting.iter().map(name).filter(|name| !names.contains(name)).collect();
    ensure(replaced.is_empty(), "the pods that waited", replaced)
}

fn is_running(pod: &Pod) -> bool {
    pod.status.as_ref().and_then(|status| status.phase.as_deref()) == Some("Running")
}
