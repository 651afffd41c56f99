//! What can be wrong with a database, brought about one after the other: each is told by its reason, and passes when it is put
//! right.

use std::time::Instant;

use serde_json::json;

use super::site::Site;
use crate::database::{Application, Database};
use crate::error::{Failure, ensure};
use crate::stage::Stage;

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

pub(super) async fn all(stage: &Stage, site: &Site<'_>, database: &Database) -> Result<(), Failure> {
    site.change(&json!({ "approval": "Automatic" })).await?;
    site.tells("Applied", true).await?;
    let mut database = database.by_hand().await?;
    drift(stage, site, &mut database).await?;
    held(site, &mut database).await?;
    for (reason, wrong, right) in STALLS {
        stalls(site, &mut database, reason, wrong, right).await?;
    }
    database.leave().await?;
    unreachable(stage, site).await
}

/// A change by hand is told within the interval, and so is that it was undone.
async fn drift(stage: &Stage, site: &Site<'_>, database: &mut Application) -> Result<(), Failure> {
    database.run("CREATE INDEX by_hand ON atelier.orders (requester_id)").await?;
    let begin = Instant::now();
    let status = site.tells_of("DriftDetected", "DriftDetected", "changed by hand").await?;
    stage.note(&format!("drift told {:.1} s after (interval 10 s)", begin.elapsed().as_secs_f64()));
    let ready = status.conditions.iter().any(|it| it.type_ == "Ready" && it.status == "True");
    ensure(ready, "Ready beside the drift", &status.conditions)?;
    database.run("DROP INDEX atelier.by_hand").await?;
    site.tells_of("DriftDetected", "AsMigrated", "").await.map(drop)
}

/// Another one holds the migration lock.
async fn held(site: &Site<'_>, database: &mut Application) -> Result<(), Failure> {
    database.run(LOCK).await?;
    site.retry().await?;
    let status = site.tells("LockHeld", false).await?;
    let said = status.last_error.unwrap_or_default();
    ensure(said.contains("pg_terminate_backend"), "how to end whoever holds it", &said)?;
    database.run("SELECT pg_advisory_unlock_all()").await?;
    site.tells("Applied", true).await.map(drop)
}

/// What no other try would change: stalled until it is put right and asked for again.
async fn stalls(
    site: &Site<'_>,
    database: &mut Application,
    reason: &str,
    wrong: &'static str,
    right: &'static str,
) -> Result<(), Failure> {
    database.run(wrong).await?;
    site.retry().await?;
    let status = site.tells(reason, false).await?;
    let stalled = status.conditions.iter().any(|it| it.type_ == "Stalled" && it.status == "True");
    ensure(stalled, "Stalled", &status.conditions)?;
    database.run(right).await?;
    site.retry().await?;
    site.tells("Applied", true).await.map(drop)
}

/// The login's password is wrong, and is put right in the Secret.
async fn unreachable(stage: &Stage, site: &Site<'_>) -> Result<(), Failure> {
    const SECRET: &str = "atelier-database-migrator";
    let password = stage.namespace.secret_text(SECRET, "password").await?;
    stage.namespace.set_secret(SECRET, "password", "wrong").await?;
    site.retry().await?;
    let status = site.tells("DatabaseUnreachable", false).await?;
    let said = status.last_error.unwrap_or_default();
    ensure(said.contains("password authentication failed"), "why it is out of reach", &said)?;
    stage.namespace.set_secret(SECRET, "password", &password).await?;
    site.tells("Applied", true).await.map(drop)
}
