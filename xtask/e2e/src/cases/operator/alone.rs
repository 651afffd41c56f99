//! What happens to a whole cluster, so that no other case may run beside it: the kind is deleted under the controllers, the API
//! server is killed and comes back.

use std::time::{Duration, Instant};

use tokio::process::Command;

use super::kind;
use super::site::{BEFORE, Site};
use crate::database::Database;
use crate::error::{Failure, ensure};
use crate::program;
use crate::release::restarts;
use crate::stage::Stage;

/// Holds the migration lock for a while, also when nobody listens any more: a server process that sleeps does not see it.
const LOCK_A_WHILE: &str = "SELECT pg_advisory_lock(27431051700299122), pg_sleep(20)";

/// The kind is deleted under the controllers, with all its objects; they live, and go on when it is back.
pub(in crate::cases) async fn without_its_kind(stage: &Stage) -> Result<(), Failure> {
    let site = Site { stage };
    kind::absent(&stage.setting.client).await?;
    let outcome = deleted(&site).await;
    let gone = site.uninstall().await;
    outcome.and(gone)
}

async fn deleted(site: &Site<'_>) -> Result<(), Failure> {
    const OWN: &str = "crds.keep=false";
    let database = Database::reach(site.stage).await?;
    database.found(BEFORE).await?;
    site.label_secrets().await?;
    site.install(2, OWN).await?;
    let installed = site.release("Automatic").await?;
    site.tells("ContractPending", true).await?;
    kind::delete(&site.stage.setting.client).await?;
    let begin = Instant::now();
    site.install(2, OWN).await?;
    installed.helm_waits().await?;
    site.tells("ContractPending", true).await?;
    site.stage.note(&format!("ready {:.1} s after the kind was gone", begin.elapsed().as_secs_f64()));
    let pods = site.stage.namespace.pods("app.kubernetes.io/name=atelier-operator").await?;
    let restarts: i32 = pods.iter().map(restarts).sum();
    ensure(restarts == 0, "controllers that were never started anew", restarts)
}

/// The API server is killed while a Job is at work: the Job goes on, and the controllers when it is back.
pub(in crate::cases) async fn restarted(stage: &Stage) -> Result<(), Failure> {
    let site = Site { stage };
    site.with_the_kind(killed(&site)).await
}

async fn killed(site: &Site<'_>) -> Result<(), Failure> {
    let (database, _) = site.set(2, "Automatic").await?;
    let mut hand = database.by_hand().await?;
    // The connection goes through the API server, and with it; the lock stays as long as the statement runs.
    let holding = tokio::spawn(async move { hand.run(LOCK_A_WHILE).await });
    site.label_secrets().await?;
    site.retry().await?;
    site.tells("LockHeld", false).await?;
    let begin = Instant::now();
    let restart = site.stage.setting.restart_api_server.as_deref().unwrap_or_default();
    program::output(Command::new("sh").args(["-c", restart])).await?;
    site.stage.note(&format!("the API server was away for {:.1} s", begin.elapsed().as_secs_f64()));
    let broken = holding.await.is_ok_and(|statement| statement.is_err());
    ensure(broken, "an API server that took along what went through it", broken)?;
    // It answers before it knows everybody's rights.
    site.answers(Duration::from_secs(30)).await?;
    let status = site.tells("ContractPending", true).await?;
    ensure(status.history.len() == 1, "one Job that was begun before and ended after", &status.history)?;
    site.stage.note(&format!("ready {:.1} s after it was killed", begin.elapsed().as_secs_f64()));
    site.retry().await?;
    site.tells("ContractPending", true).await?;
    Ok(())
}
