//! A migration that fails, while requests come in: whoever serves goes on, the release fails though its services could work on
//! the schema that there is, and the release that mends it rolls forward. What takes away waits all the while, and is overtaken.

use serde_json::Value;

use crate::database::Database;
use crate::error::{Failure, ensure};
use crate::release::{Release, WAIT, has_failed, images, is_complete};
use crate::stage::Stage;
use crate::traffic::{Traffic, route};
use other_releases::{AFTER, BEFORE};

/// One more try, so that the Job gives up while Helm still waits.
const IN_VAIN: [&str; 6] =
    ["--wait", "--wait-for-jobs", "--timeout", "40s", "--set", "migrations.backoffLimit=0"];

pub(super) async fn run(stage: &Stage) -> Result<(), Failure> {
    let database = Database::reach(stage).await?;
    database.found(BEFORE).await?;
    let release = Release::new(stage, "atelier");
    let values = stage.values(&stage.database_host()).await?;
    let route = route(stage)?;
    let flags = [WAIT.as_slice(), &[&route]].concat();
    release.install(&values, &flags).await?;
    let traffic = Traffic::begin(stage).await?;

    let after = images("after");
    let broken = "migrations.image.tag=broken";
    let of_broken = [IN_VAIN.as_slice(), &[&route, "--set", &after, "--set", broken]].concat();
    let outcome = release.upgrade(&values, &of_broken).await;
    ensure(outcome.is_err(), "an upgrade that fails", &outcome)?;
    let job = release.latest_job().await?;
    ensure(has_failed(&job), "a Job that gave up", &job.status)?;
    let said = release.said_by_migrator().await?;
    ensure(said.contains("contains null values"), "why the migration failed", &said)?;
    traffic.goes_on().await?;
    traffic.note("the migration failed");

    let mended = [flags.as_slice(), &["--set", &after]].concat();
    release.upgrade(&values, &mended).await?;
    traffic.goes_on().await?;
    traffic.note("the migration that mends it ran");
    let (_, said) = release.migrator(&words(&["status", "--output", "json"])).await?;
    ensure(said.contains(&AFTER.to_string()), "the schema of the release after", &said)?;

    let first = release.latest_job().await?.metadata.name;
    release.upgrade(&values, &[mended.as_slice(), &["--set", "migrations.retry=1"]].concat()).await?;
    let job = release.latest_job().await?;
    ensure(job.metadata.name != first && is_complete(&job), "another Job, complete", &job.metadata.name)?;

    let (code, said) = release.migrator(&words(&["plan", "--output", "json"])).await?;
    let plan: Value = serde_json::from_str(&said).unwrap_or_default();
    let hash = plan["plan_hash"].as_str().unwrap_or_default();
    ensure(code == 0 && !hash.is_empty(), "a contract that waits behind a later expand", &said)?;
    let approved = format!("migrations.retry=1,migrations.approvedPlanHash={hash}");
    release.upgrade(&values, &[mended.as_slice(), &["--set", &approved]].concat()).await?;
    ensure(is_complete(&release.contract_job().await?), "the contract, complete", hash)?;
    traffic.goes_on().await?;
    traffic.note("the contract ran after a later expand");
    traffic.end_without_failure().await
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().copied().map(str::to_owned).collect()
}
