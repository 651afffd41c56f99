//! A release with a migration, while requests come in through the Gateway: rolled out, rolled back after its expand, rolled out
//! again, and no request fails. After its contract a rollback is refused before anything changes; tried all the same, it stops
//! nobody from serving.

use std::path::Path;

use crate::database::Database;
use crate::error::{Failure, ensure};
use crate::release::{Release, Service, WAIT, images};
use crate::stage::Stage;
use crate::traffic::{Traffic, route};
use other_releases::BEFORE;

/// Long enough for a pod to be ready that ever will be, on a machine that is busy.
const IN_VAIN: [&str; 4] = ["--wait", "--wait-for-jobs", "--timeout", "30s"];

/// Forth, back and forth again.
pub(super) async fn run(stage: &Stage) -> Result<(), Failure> {
    let release = Release::new(stage, "atelier");
    let values = stage.values(&stage.database_host()).await?;
    let route = route(stage)?;
    let flags = [WAIT.as_slice(), &[&route]].concat();
    let before = images("before");
    release.install(&values, &[flags.as_slice(), &["--set", &before]].concat()).await?;

    let traffic = Traffic::begin(stage).await?;
    let took = release.upgrade(&values, &flags).await?;
    traffic.goes_on().await?;
    traffic.note(&format!("upgraded in {:.1} s", took.as_secs_f64()));
    let database = Database::reach(stage).await?;
    let drawn = database.plan().await?;
    let waits = drawn.up.is_empty() && drawn.contracts.len() == 1;
    ensure(waits, "the expand applied and the contract waiting", (&drawn.up, &drawn.contracts))?;

    let (code, said) = release.migrator(&check_rollback()).await?;
    ensure(code == 0, "a rollback that is allowed", &said)?;
    let took = release.rollback(1, &WAIT).await?;
    traffic.goes_on().await?;
    traffic.note(&format!("rolled back in {:.1} s", took.as_secs_f64()));
    are_of(&release, ":before").await?;

    let took = release.upgrade(&values, &flags).await?;
    traffic.goes_on().await?;
    traffic.note(&format!("upgraded again in {:.1} s", took.as_secs_f64()));
    traffic.end_without_failure().await
}

/// After the contract there is no way back.
pub(super) async fn no_way_back(stage: &Stage) -> Result<(), Failure> {
    let database = Database::reach(stage).await?;
    database.found(BEFORE).await?;
    let release = Release::new(stage, "atelier");
    let values = stage.values(&stage.database_host()).await?;
    let route = route(stage)?;
    let flags = [WAIT.as_slice(), &[&route]].concat();
    let before = images("before");
    release.install(&values, &[flags.as_slice(), &["--set", &before]].concat()).await?;
    release.upgrade(&values, &flags).await?;

    let traffic = Traffic::begin(stage).await?;
    contract(&release, &values, &flags, &database).await?;
    traffic.goes_on().await?;
    traffic.note("contract applied");
    let pods = release.pods(Service::OrderStatus).await?.len();
    let (code, said) = release.migrator(&check_rollback()).await?;
    let is_told = code == 67 && said.contains("go forward instead");
    ensure(is_told, "67 for a rollback behind a contract", (code, &said))?;
    ensure(release.pods(Service::OrderStatus).await?.len() == pods, "no pod touched by the question", pods)?;

    let failed = release.rollback(1, &IN_VAIN).await;
    ensure(failed.is_err(), "a rollback that Helm reports as failed", &failed)?;
    traffic.goes_on().await?;
    traffic.note("rolled back in vain");
    release.upgrade(&values, &flags).await?;
    are_of(&release, env!("CARGO_PKG_VERSION")).await?;
    traffic.end_without_failure().await
}

/// Approves what waits, under the hash of its plan.
async fn contract(
    release: &Release,
    values: &Path,
    flags: &[&str],
    database: &Database,
) -> Result<(), Failure> {
    let hash = database.plan().await?.plan_hash.unwrap_or_default();
    let set = format!("migrations.approvedPlanHash={hash}");
    release.upgrade(values, &[flags, &["--set", &set]].concat()).await?;
    let drawn = database.plan().await?;
    ensure(drawn.contracts.is_empty(), "no contract that waits", &drawn.contracts)
}

fn check_rollback() -> Vec<String> {
    ["check-rollback".to_owned(), "--to-schema".to_owned(), BEFORE.to_string()].to_vec()
}

/// That all pods are of images whose names end so.
async fn are_of(release: &Release, tag: &str) -> Result<(), Failure> {
    for service in Service::ALL {
        for pod in release.ready(service, 2).await? {
            let image = pod.spec.unwrap_or_default().containers.remove(0).image.unwrap_or_default();
            ensure(image.ends_with(tag), "pods of this release", (tag, &image))?;
        }
    }
    Ok(())
}
