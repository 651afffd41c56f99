//! Every reason on a real API server: what can be wrong is brought about, one after the other, told by everybody who is asked, and
//! passes when it is put right.

use std::time::Instant;

use k8s_openapi::api::core::v1::Secret;
use kube::api::PostParams;
use operator::crd::{CREDENTIALS_LABEL, HOSTS_ANNOTATION};
use serde_json::json;

use super::site::{Installed, Site};
use super::told::is;
use crate::database::{Application, Database};
use crate::error::{Failure, ensure};
use crate::namespace::{Namespace, object};
use crate::stage::Stage;

const LOGIN: &str = "atelier-database-migrator";
/// The lock of every migration: the letters of "atelier".
const LOCK: &str = "SELECT pg_advisory_lock(27431051700299122)";

/// A reason, what brings it about, and what puts it right.
const STALLS: [(&str, &str, &str); 2] = [
    (
        "ChecksumMismatch",
        r"UPDATE atelier._sqlx_migrations SET checksum = checksum || '\x00' WHERE version = 1",
        "UPDATE atelier._sqlx_migrations SET checksum = substring(checksum FOR 48) WHERE version = 1",
    ),
    (
        "UnknownNewerSchema",
        "UPDATE atelier.schema_meta SET min_app_schema = 9999",
        "UPDATE atelier.schema_meta SET min_app_schema = 5",
    ),
];

pub(in crate::cases) async fn run(stage: &Stage) -> Result<(), Failure> {
    let site = Site { stage };
    site.with_the_kind(all(&site)).await
}

async fn all(site: &Site<'_>) -> Result<(), Failure> {
    let (database, installed) = site.set(1, "Automatic").await?;
    foreign(site, &installed).await?;
    busy(site, &database, &installed).await?;
    let hash = site.tells("ContractPending", true).await?.plan_hash;
    installed.helm_waits().await?;
    site.change(&json!({ "approvedPlanHash": hash })).await?;
    site.tells("Applied", true).await?;
    installed.helm_waits().await?;

    let mut hand = database.by_hand().await?;
    drift(site, &mut hand).await?;
    held(site, &mut hand).await?;
    for (reason, wrong, right) in STALLS {
        stalls(site, &mut hand, reason, wrong, right).await?;
    }
    hand.leave().await?;
    unreachable(site).await?;
    // Last, since a target is never lowered.
    site.change(&json!({ "target": 9999 })).await?;
    site.tells("Failed", false).await.map(drop)
}

/// A Secret that nobody labelled, another namespace's, one that is meant for another host, an image from elsewhere: no Job.
async fn foreign(site: &Site<'_>, installed: &Installed) -> Result<(), Failure> {
    site.tells("SecretNotAllowed", false).await?;
    installed.helm_waits_in_vain().await?;

    let elsewhere = Namespace::create(site.stage.setting.client.clone(), "operator-foreign").await?;
    let metadata = json!({ "name": "foreign", "labels": { CREDENTIALS_LABEL: "true" } });
    let secret = object::<Secret>(json!({ "metadata": metadata }))?;
    elsewhere.all().create(&PostParams::default(), &secret).await?;
    site.change(&json!({ "database": { "credentials": { "secret": "foreign" } } })).await?;
    let told = site.tells_of("Ready", "SecretNotAllowed", "no Secret foreign in this namespace").await;
    elsewhere.delete().await?;
    told?;
    site.change(&json!({ "database": { "credentials": { "secret": LOGIN } } })).await?;

    let image = site.get().await?.spec.image;
    site.change(&json!({ "image": "localhost/atelier-elsewhere/migrator:1" })).await?;
    site.tells("ImageNotAllowed", false).await?;
    site.label_secrets().await?;
    site.annotate(LOGIN, HOSTS_ANNOTATION, "elsewhere.example.com").await?;
    site.change(&json!({ "image": image })).await?;
    site.tells_of("Ready", "SecretNotAllowed", "may be sent to elsewhere.example.com only").await?;
    site.has_jobs(0).await
}

/// Somebody is at work in a table that the next file changes: tried again, and done by itself when the table is free.
async fn busy(site: &Site<'_>, database: &Database, installed: &Installed) -> Result<(), Failure> {
    let mut hand = database.by_hand().await?;
    hand.run("BEGIN").await?;
    hand.run("LOCK TABLE atelier.order_events IN ROW EXCLUSIVE MODE").await?;
    site.annotate(LOGIN, HOSTS_ANNOTATION, &site.stage.database_host()).await?;
    // A Secret that is put right is seen within a minute; a change of the object at once.
    site.change(&json!({ "jobTemplate": { "annotations": { "looked-at": "again" } } })).await?;
    site.tells_of("Ready", "Applying", "").await?;
    site.event("Applying").await?;
    site.tells("RetryingAfterLockTimeout", false).await?;
    installed.helm_waits_in_vain().await?;
    hand.run("ROLLBACK").await?;
    hand.leave().await?;
    let begin = Instant::now();
    site.tells("ContractPending", true).await?;
    let took = begin.elapsed().as_secs_f64();
    site.stage.note(&format!("done by itself {took:.1} s after the table was free"));
    site.tells_of("Planned", "PlanReady", "1 to contract").await?;
    site.event("PlanReady").await
}

/// A change by hand is told within the interval, and so is that it was undone.
async fn drift(site: &Site<'_>, hand: &mut Application) -> Result<(), Failure> {
    hand.run("CREATE INDEX by_hand ON atelier.orders (requester_id)").await?;
    let begin = Instant::now();
    let status = site.tells_of("DriftDetected", "DriftDetected", "changed by hand").await?;
    site.stage.note(&format!("drift told {:.1} s after (interval 10 s)", begin.elapsed().as_secs_f64()));
    ensure(is(&status, "Ready"), "Ready beside the drift", &status.conditions)?;
    site.event("DriftDetected").await?;
    let line = site.kubectl(&["get", "schemamigrations", "--no-headers"]).await?;
    // NAME READY REASON SCHEMA TARGET DRIFT
    ensure(line.split_whitespace().nth(5) == Some("True"), "True under DRIFT", &line)?;
    hand.run("DROP INDEX atelier.by_hand").await?;
    site.tells_of("DriftDetected", "AsMigrated", "").await?;
    site.event("AsMigrated").await
}

/// Another one holds the migration lock.
async fn held(site: &Site<'_>, hand: &mut Application) -> Result<(), Failure> {
    hand.run(LOCK).await?;
    site.retry().await?;
    let status = site.tells("LockHeld", false).await?;
    let said = status.last_error.unwrap_or_default();
    ensure(said.contains("pg_terminate_backend"), "how to end whoever holds it", &said)?;
    hand.run("SELECT pg_advisory_unlock_all()").await?;
    site.retry().await?;
    site.tells("Applied", true).await.map(drop)
}

/// What no other try would change: stalled until it is put right and asked for again.
async fn stalls(
    site: &Site<'_>,
    hand: &mut Application,
    reason: &str,
    wrong: &'static str,
    right: &'static str,
) -> Result<(), Failure> {
    hand.run(wrong).await?;
    site.retry().await?;
    let status = site.tells(reason, false).await?;
    ensure(is(&status, "Stalled"), "Stalled", &status.conditions)?;
    hand.run(right).await?;
    site.retry().await?;
    site.tells("Applied", true).await.map(drop)
}

/// The login's password is wrong, and is put right in the Secret.
async fn unreachable(site: &Site<'_>) -> Result<(), Failure> {
    let namespace = &site.stage.namespace;
    let password = namespace.secret_text(LOGIN, "password").await?;
    namespace.set_secret(LOGIN, "password", "wrong").await?;
    site.retry().await?;
    let status = site.tells("DatabaseUnreachable", false).await?;
    let said = status.last_error.unwrap_or_default();
    ensure(said.contains("password authentication failed"), "why it is out of reach", &said)?;
    namespace.set_secret(LOGIN, "password", &password).await?;
    site.retry().await?;
    site.tells("Applied", true).await.map(drop)
}
