//! Mode `operator`: a release with its services, from a wish to the last contract. Only who may approve approves, an approval holds
//! for the plan that was seen, and a contract waits for the last application that needs what it takes away.

mod alone;
mod killed;
mod kind;
mod outside;
mod reasons;
mod site;
mod told;
mod words;

use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::Pod;
use kube::api::DeleteParams;
use serde_json::json;

use crate::database::Database;
use crate::error::{Failure, ensure};
use crate::release::{Release, WAIT};
use crate::stage::Stage;
use site::{BEFORE, NAME, Site, is_refused};

pub(super) use alone::{restarted, without_its_kind};
pub(super) use killed::run as killed;
pub(super) use reasons::run as reasons;
pub(super) use words::run as words;

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
    let site = Site { stage };
    site.with_the_kind(all(stage, &site)).await
}

async fn all(stage: &Stage, site: &Site<'_>) -> Result<(), Failure> {
    let database = Database::reach(stage).await?;
    database.found(BEFORE).await?;

    site.install(0, "crds.install=false").await?;
    let release = Release::new(stage, NAME);
    let values = stage.values(&stage.database_host()).await?;
    site.label_secrets().await?;
    release.install(&values, &VALUES).await?;
    unseen_and_guarded(site).await?;
    site.install(2, "crds.install=false").await?;
    approved(stage, site, &database).await?;

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
    let took = release.upgrade(&values, &[&VALUES[..], &["--set", &keep], &WAIT].concat()).await?;
    stage.note(&format!("helm upgrade --wait in mode operator: {:.1} s", took.as_secs_f64()));
    led_by_another(stage, site).await
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

/// What adds waits for its hash, since approval is manual here; an editor may not give it, an approver may, and it holds for
/// the plan that was seen.
async fn approved(stage: &Stage, site: &Site<'_>, database: &Database) -> Result<(), Failure> {
    let begin = Instant::now();
    let seen = site.tells("AwaitingApproval", false).await?.plan_hash.unwrap_or_default();
    stage.note(&format!("plan ready {:.1} s after the controllers", begin.elapsed().as_secs_f64()));
    site.accounts().await?;
    let approval = json!({ "approvedPlanHash": seen });
    is_refused(&site.change_as("editor", &approval).await, 403, "verb approve")?;
    is_refused(&site.change_as("editor", &json!({ "approval": "Automatic" })).await, 403, "verb approve")?;
    let harmless = json!({ "jobTemplate": { "annotations": { "changed-by": "editor" } } });
    site.change_as("editor", &harmless).await?;
    site.change_as("approver", &json!({ "approvedPlanHash": "0".repeat(32) })).await?;
    site.tells_of("Ready", "AwaitingApproval", "approved is 000").await?;

    // The database is no longer the one whose plan was seen: the migrator refuses under its lock.
    let mut hand = database.by_hand().await?;
    hand.run("CREATE INDEX by_hand ON atelier.orders (requester_id)").await?;
    hand.leave().await?;
    site.change_as("approver", &approval).await?;
    let status = site.tells_of("Ready", "AwaitingApproval", &format!("approved is {seen}")).await?;
    ensure(status.current_version == Some(BEFORE), "nothing run under the older plan's hash", &status)?;
    let anew = status.plan_hash.unwrap_or_default();
    ensure(anew != seen, "another hash for another plan", &anew)?;
    site.change_as("approver", &json!({ "approvedPlanHash": anew })).await?;
    let status = site.tells("ContractPending", true).await?;
    ensure(status.current_version == Some(5), "schema 5", &status)
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

/// The pod that leads is deleted while a Job is at work; the next one brings it to its end.
async fn led_by_another(stage: &Stage, site: &Site<'_>) -> Result<(), Failure> {
    let begin = Instant::now();
    site.retry().await?;
    let leader = site.leader().await?;
    stage.namespace.all::<Pod>().delete(&leader, &DeleteParams::default().grace_period(0)).await?;
    site.tells("Applied", true).await?;
    ensure(site.leader().await? != leader, "another leader", &leader)?;
    stage.note(&format!("leader deleted: ready {:.1} s after", begin.elapsed().as_secs_f64()));
    Ok(())
}
