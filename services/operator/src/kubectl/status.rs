//! How migrations stand, in the words of their conditions.

use std::io::Write;

use kube::ResourceExt;
use kube::api::{Api, ListParams};

use super::KubectlError;
use crate::crd::{Kind, Reason, SchemaMigration};
use crate::reconcile::update_status::reason_of;

/// A line for each.
pub(super) async fn all(migrations: &Api<SchemaMigration>, out: &mut impl Write) -> Result<(), KubectlError> {
    let found = migrations.list(&ListParams::default()).await?.items;
    if found.is_empty() {
        writeln!(out, "there is no SchemaMigration in this namespace")?;
    }
    for migration in &found {
        let status = migration.status.clone().unwrap_or_default();
        let version =
            |version: Option<i64>| version.map_or_else(|| "?".to_owned(), |number| number.to_string());
        writeln!(
            out,
            "{}: {}, schema {} of {}",
            migration.name_any(),
            reason_of(Some(&status)).unwrap_or("no controller has seen it"),
            version(status.current_version),
            version(status.target_version),
        )?;
    }
    Ok(())
}

/// All that its status says.
pub(super) fn one(migration: &SchemaMigration, out: &mut impl Write) -> Result<(), KubectlError> {
    let name = migration.name_any();
    let status = migration.status.clone().unwrap_or_default();
    let generation = migration.metadata.generation.unwrap_or_default();
    if status.observed_generation < generation {
        writeln!(out, "the controller has not seen generation {generation} yet; what follows is older")?;
    }
    for condition in &status.conditions {
        writeln!(
            out,
            "{:<14}{:<8}{:<26}{}",
            condition.type_, condition.status, condition.reason, condition.message
        )?;
    }
    if let (Some(current), Some(target)) = (status.current_version, status.target_version) {
        writeln!(out, "schema {current}, the image brings {target}")?;
    }
    if let Some(min) = status.min_app_schema {
        writeln!(out, "applications must be of schema {min} or newer")?;
    }
    for file in &status.pending {
        writeln!(out, "  waits  {file}")?;
    }
    if let Some(error) = &status.last_error {
        writeln!(out, "last error: {error}")?;
    }
    if let Some(job) = &status.job_name {
        writeln!(out, "its log: kubectl logs job/{job}")?;
    }
    for entry in &status.history {
        writeln!(out, "  {}  {}  {}", entry.at.0, entry.outcome, entry.job)?;
    }
    let is_approved = migration.spec.approved_plan_hash == status.plan_hash;
    if let Some(hash) = status.plan_hash.filter(|_| !is_approved) {
        writeln!(out, "next: kubectl atelier plan {name}, then kubectl atelier approve {name} {hash}")?;
    }
    Ok(())
}

/// Who holds the lock, as the Job that waits for it said.
pub(super) fn lock(migration: &SchemaMigration, out: &mut impl Write) -> Result<(), KubectlError> {
    let conditions = migration.status.iter().flat_map(|status| &status.conditions);
    let held = conditions.into_iter().find(|condition| {
        condition.type_ == Kind::Ready.name() && condition.reason == Reason::LockHeld.name()
    });
    match held {
        Some(condition) => writeln!(out, "{}", condition.message)?,
        None => writeln!(out, "no Job of {} waits for the migration lock", migration.name_any())?,
    }
    Ok(())
}
