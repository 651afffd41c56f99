//! The controller is killed in every state in which a migration can be, by a signal that it cannot catch. The Jobs go on without
//! it, people go on approving, and the next one ends where the first would have.

use k8s_openapi::api::batch::v1::Job;
use kube::ResourceExt;
use kube::api::ListParams;
use serde_json::json;

use super::TOLD_MAX;
use super::outside::Controller;
use super::site::Site;
use crate::database::{Application, Database};
use crate::error::{Failure, ensure};
use crate::namespace::until;
use crate::release::is_complete;
use crate::stage::Stage;

const LOCK: &str = "SELECT pg_advisory_lock(27431051700299122)";

pub(in crate::cases) async fn run(stage: &Stage) -> Result<(), Failure> {
    let site = Site { stage };
    site.with_the_kind(all(&site)).await
}

async fn all(site: &Site<'_>) -> Result<(), Failure> {
    let (database, _) = site.set(0, "Manual").await?;
    site.label_secrets().await?;
    let mut hand = database.by_hand().await?;
    while_planning(site).await?;
    while_waiting_for_approval(site, &mut hand).await?;
    while_applying(site, &mut hand).await?;
    while_a_contract_waits(site, &database).await?;
    while_verifying(site, &mut hand).await?;
    once_each(site).await
}

/// Lets a controller come as far as this reason, and kills it there.
async fn killed_at(site: &Site<'_>, reason: &str) -> Result<(), Failure> {
    let controller = Controller::start(site)?;
    site.tells_of("Ready", reason, "").await?;
    controller.kill().await
}

async fn while_planning(site: &Site<'_>) -> Result<(), Failure> {
    killed_at(site, "Planning").await?;
    ended(site, "plan").await
}

/// Nobody is there when the plan is approved; whoever comes carries it out.
async fn while_waiting_for_approval(site: &Site<'_>, hand: &mut Application) -> Result<(), Failure> {
    killed_at(site, "AwaitingApproval").await?;
    let hash = site.get().await?.status.and_then(|status| status.plan_hash);
    hand.run(LOCK).await?;
    site.change(&json!({ "approvedPlanHash": hash })).await
}

/// With its Job at work, and again while that waits for the lock; the Job goes on without anybody.
async fn while_applying(site: &Site<'_>, hand: &mut Application) -> Result<(), Failure> {
    killed_at(site, "Applying").await?;
    killed_at(site, "LockHeld").await?;
    hand.run("SELECT pg_advisory_unlock_all()").await?;
    ended(site, "migrate").await?;
    killed_at(site, "ContractPending").await
}

/// A contract is approved while nobody is there, and held back by an old application.
async fn while_a_contract_waits(site: &Site<'_>, database: &Database) -> Result<(), Failure> {
    let old = database.application("atelier/order-status schema=4").await?;
    let hash = site.get().await?.status.and_then(|status| status.plan_hash);
    site.change(&json!({ "approvedPlanHash": hash })).await?;
    killed_at(site, "OldApplicationsConnected").await?;
    old.leave().await?;
    killed_at(site, "Applied").await
}

/// While it looks for drift; what was changed meanwhile is told by the next one.
async fn while_verifying(site: &Site<'_>, hand: &mut Application) -> Result<(), Failure> {
    let controller = Controller::start(site)?;
    until("a Job verifies", TOLD_MAX, async || {
        Ok(jobs(site, "verify").await?.iter().any(|job| !is_complete(job)).then_some(()))
    })
    .await?;
    controller.kill().await?;
    ended(site, "verify").await?;
    hand.run("CREATE INDEX by_hand ON atelier.orders (requester_id)").await?;
    let controller = Controller::start(site)?;
    site.tells_of("DriftDetected", "DriftDetected", "changed by hand").await?;
    site.tells("Applied", true).await?;
    controller.kill().await
}

/// Each file ran in one Job, told once in the history, whoever began it and whoever saw its end.
async fn once_each(site: &Site<'_>) -> Result<(), Failure> {
    let status = site.get().await?.status.unwrap_or_default();
    let done = status.history.iter().filter(|entry| entry.outcome == "Done").count();
    ensure(done == 2, "an expand and a contract that were done, once each", &status.history)?;
    ensure(status.current_version == Some(5) && status.pending.is_empty(), "schema 5, nothing left", &status)
}

/// Waits until a Job of this word is complete, with nobody there who would make another.
async fn ended(site: &Site<'_>, word: &str) -> Result<(), Failure> {
    until(&format!("the Job that does {word} is complete"), TOLD_MAX, async || {
        let jobs = jobs(site, word).await?;
        Ok((!jobs.is_empty() && jobs.iter().all(is_complete)).then_some(()))
    })
    .await
}

async fn jobs(site: &Site<'_>, word: &str) -> Result<Vec<Job>, Failure> {
    let jobs = site.stage.namespace.all::<Job>().list(&ListParams::default()).await?.items;
    Ok(jobs.into_iter().filter(|job| job.name_any().contains(&format!("-{word}-"))).collect())
}
