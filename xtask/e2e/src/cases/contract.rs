//! A database that the release before made: the release adds to it by itself, and takes away only what was approved, by its hash,
//! and only when no application of before is connected.

use std::path::Path;
use std::time::Duration;

use crate::database::Database;
use crate::error::{Failure, ensure};
use crate::namespace::until;
use crate::release::{Release, Service, WAIT, has_failed, is_complete};
use crate::stage::Stage;
use other_releases::BEFORE;

const END_MAX: Duration = Duration::from_mins(1);

pub(super) async fn run(stage: &Stage) -> Result<(), Failure> {
    let database = Database::reach(stage).await?;
    database.found(BEFORE).await?;

    let release = Release::new(stage, "atelier");
    let values = stage.values(&stage.database_host()).await?;
    release.install(&values, &WAIT).await?;
    let drawn = database.plan().await?;
    let waits = drawn.up.is_empty() && drawn.contracts.len() == 1;
    ensure(waits, "one contract that waits, and nothing else", (&drawn.up, &drawn.contracts))?;
    let approved = drawn.plan_hash.unwrap_or_default();

    let old = database.application("atelier/order-status schema=4").await?;
    approve(&release, &values, &approved, 0, &[]).await?;
    let said = refused(stage, &release).await?;
    ensure(said.contains("'atelier/order-status schema=4'"), "the application that has to go first", &said)?;
    release.ready(Service::OrderStatus, 2).await?;

    old.leave().await?;
    approve(&release, &values, &approved, 1, &WAIT).await?;
    ensure(is_complete(&release.contract_job().await?), "a complete Job", "one that is not")?;
    release.ready(Service::OrderStatus, 2).await?;
    release.verified().await
}

async fn approve(
    release: &Release,
    values: &Path,
    hash: &str,
    retry: u8,
    flags: &[&str],
) -> Result<(), Failure> {
    let set = format!("migrations.approvedPlanHash={hash},migrations.retry={retry}");
    release.upgrade(values, &[&["--set", set.as_str()], flags].concat()).await.map(drop)
}

/// Waits until the Job has given up, and returns what its pod said.
async fn refused(stage: &Stage, release: &Release) -> Result<String, Failure> {
    until("the contract is refused", END_MAX, async || {
        Ok(has_failed(&release.contract_job().await?).then_some(()))
    })
    .await?;
    let pods = release.contract_pods().await?;
    let pod = pods.first().and_then(|pod| pod.metadata.name.as_deref()).unwrap_or_default();
    stage.namespace.log(pod, None).await
}
