//! Mode `operator`: `kubectl get schemamigrations` tells the truth in each state, only who may approve approves, a contract waits
//! for the last application that needs it, and a controller that is killed or loses its kind goes on.

mod site;
mod troubles;

use std::time::{Duration, Instant};

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{DeleteParams, ListParams};
use serde_json::json;

use crate::database::Database;
use crate::error::{Failure, ensure};
use crate::release::{Release, WAIT};
use crate::stage::Stage;
use site::{Site, is_refused};

/// The last schema of before.
const BEFORE: i64 = 4;
/// How long the controller takes to see and tell, on a machine that is busy.
const TOLD_MAX: Duration = Duration::from_secs(90);
/// What the migrator waits for in this case: short, since it is made to wait on purpose.
const VALUES: [&str; 4] = [
    "--set",
    "migrations.mode=operator,migrations.operator.approval=Manual,migrations.patienceSeconds=3,migrations.backoffLimit=6",
    "--set",
    "orderStatus.replicas=1,orders.replicas=1",
];

pub(super) async fn run(stage: &Stage) -> Result<(), Failure> {
    let site = Site::new(stage);
    let outcome = all(stage, &site).await;
    // What it has outside of the namespace does not go with that.
    let gone = site.uninstall().await;
    outcome.and(gone)
}

async fn all(stage: &Stage, site: &Site<'_>) -> Result<(), Failure> {
    let database = Database::reach(stage).await?;
    database.found(BEFORE).await?;

    site.install(0).await?;
    let release = Release::new(stage, "atelier");
    let values = stage.values(&stage.database_host()).await?;
    release.install(&values, &VALUES).await?;
    unseen_and_guarded(site).await?;
    site.install(2).await?;
    refused(stage, site).await?;
    approved(stage, site).await?;

    let old = database.application("atelier/order-status schema=4").await?;
    contract(stage, site).await?;
    old.leave().await?;
    let begin = Instant::now();
    site.tells("Applied", true).await?;
    stage.note(&format!(
        "contract applied {:.1} s after the last old application left",
        begin.elapsed().as_secs_f64()
    ));

    // The hash may stay: what was approved was carried out.
    let hash = site.get().await?.spec.approved_plan_hash.unwrap_or_default();
    let keep = format!("migrations.approvedPlanHash={hash}");
    let flags = [&VALUES[..], &["--set", &keep], &WAIT].concat();
    let took = release.upgrade(&values, &flags).await?;
    stage.note(&format!("helm upgrade --wait in mode operator: {:.1} s", took.as_secs_f64()));
    troubles::all(stage, site, &database).await?;
    killed(stage, site).await?;
    let took = without_its_kind(stage, site, &release, &values, &flags).await?;
    stage.note(&format!("ready {:.1} s after the kind was there again", took.as_secs_f64()));
    Ok(())
}

/// Before a controller looked, an object says so; and the API server itself keeps the rules.
async fn unseen_and_guarded(site: &Site<'_>) -> Result<(), Failure> {
    let observed = site.get().await?.status.map(|status| status.observed_generation);
    ensure(observed == Some(-1), "observedGeneration -1 before a controller has looked", observed)?;
    for (change, rule) in [
        (json!({ "database": { "host": "elsewhere.example.com" } }), "may not change"),
        (json!({ "approvedPlanHash": "yes" }), "approvedPlanHash"),
        (json!({ "database": { "ca": { "configMap": "two" } } }), "ca names either"),
    ] {
        is_refused(&site.change(&change).await, 422, rule)?;
    }
    site.change(&json!({ "target": 5 })).await?;
    is_refused(&site.change(&json!({ "target": 4 })).await, 422, "never be lowered")?;
    is_refused(&site.change(&json!({ "target": null })).await, 422, "never be lowered")
}

/// A foreign image, a Secret that nobody labelled: said, and no Job.
async fn refused(stage: &Stage, site: &Site<'_>) -> Result<(), Failure> {
    site.tells("SecretNotAllowed", false).await?;
    let image = site.get().await?.spec.image;
    site.change(&json!({ "image": "elsewhere.example.com/migrator:1" })).await?;
    site.tells("ImageNotAllowed", false).await?;
    let jobs = stage.namespace.all::<Job>().list(&ListParams::default()).await?.items;
    ensure(jobs.is_empty(), "no Job", jobs.iter().map(|job| &job.metadata.name).collect::<Vec<_>>())?;
    site.change(&json!({ "image": image })).await
}

/// What adds waits for its hash, since approval is manual here; an editor may not give it, an approver may.
async fn approved(stage: &Stage, site: &Site<'_>) -> Result<(), Failure> {
    site.label_secrets().await?;
    let begin = Instant::now();
    let status = site.tells("AwaitingApproval", false).await?;
    stage.note(&format!("plan ready {:.1} s after the Secrets were labelled", begin.elapsed().as_secs_f64()));
    let hash = status.plan_hash.unwrap_or_default();
    site.accounts().await?;
    let approval = json!({ "approvedPlanHash": hash });
    is_refused(&site.change_as("editor", &approval).await, 403, "verb approve")?;
    is_refused(&site.change_as("editor", &json!({ "approval": "Automatic" })).await, 403, "verb approve")?;
    let harmless = json!({ "jobTemplate": { "annotations": { "changed-by": "editor" } } });
    site.change_as("editor", &harmless).await?;
    site.change_as("approver", &json!({ "approvedPlanHash": "0".repeat(32) })).await?;
    let status = site.tells_of("Ready", "AwaitingApproval", "approved is 000").await?;
    ensure(status.current_version == Some(BEFORE), "nothing run under another hash", status.current_version)?;
    site.change_as("approver", &approval).await?;
    let status = site.tells("ContractPending", true).await?;
    ensure(status.current_version == Some(5), "schema 5", &status)?;
    site.waits_ready().await
}

/// What takes away is approved by its hash, and refused while an application of before is connected.
async fn contract(stage: &Stage, site: &Site<'_>) -> Result<(), Failure> {
    let hash = site.tells("ContractPending", true).await?.plan_hash.unwrap_or_default();
    site.change_as("approver", &json!({ "approvedPlanHash": hash })).await?;
    let status = site.tells("OldApplicationsConnected", false).await?;
    let said = status.last_error.unwrap_or_default();
    ensure(said.contains("'atelier/order-status schema=4'"), "who has to go first", &said)?;
    stage.note(&format!("a contract in the way of somebody: {}", said.chars().take(160).collect::<String>()));
    Ok(())
}

/// The controller that leads is killed while a Job is at work; the next one brings it to its end.
async fn killed(stage: &Stage, site: &Site<'_>) -> Result<(), Failure> {
    let begin = Instant::now();
    site.retry().await?;
    let pods = stage.namespace.all::<Pod>();
    let leader = site.leader().await?;
    pods.delete(&leader, &DeleteParams::default().grace_period(0)).await?;
    site.tells("Applied", true).await?;
    ensure(site.leader().await? != leader, "another leader", &leader)?;
    stage.note(&format!("leader killed: ready {:.1} s after", begin.elapsed().as_secs_f64()));
    Ok(())
}

/// The kind is deleted under it, and all its objects; the controller lives, and goes on when they are back.
async fn without_its_kind(
    stage: &Stage,
    site: &Site<'_>,
    release: &Release,
    values: &std::path::Path,
    flags: &[&str],
) -> Result<Duration, Failure> {
    site.delete_kind().await?;
    site.install(2).await?;
    let begin = Instant::now();
    release.upgrade(values, flags).await?;
    site.tells("Applied", true).await?;
    let took = begin.elapsed();
    let pods = stage.namespace.pods("app.kubernetes.io/name=atelier-operator").await?;
    let restarts: i32 = pods.iter().map(crate::release::restarts).sum();
    ensure(restarts == 0, "controllers that were never started anew", restarts)?;
    Ok(took)
}
