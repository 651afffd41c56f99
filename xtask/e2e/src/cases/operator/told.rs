//! What people and their tools are told of a migration: the conditions, the line of `kubectl get`, the Event, `kubectl wait`. All
//! of them have to say the same.

use std::time::Duration;

use k8s_openapi::api::core::v1::Event;
use kube::ResourceExt;
use kube::api::ListParams;
use operator::crd::SchemaMigrationStatus;

use super::TOLD_MAX;
use super::site::{NAME, Site};
use crate::error::{Failure, ensure};
use crate::namespace::until;

/// How long the line and the Event may be behind the status.
const BEHIND_MAX: Duration = Duration::from_secs(10);

impl Site<'_> {
    /// Waits until the condition Ready has this reason, about what is wanted now; then everybody else has to be told the same.
    pub(super) async fn tells(&self, reason: &str, is_ready: bool) -> Result<SchemaMigrationStatus, Failure> {
        let status = self.tells_of("Ready", reason, "").await?;
        let of = |kind: &str| is(&status, kind);
        ensure(of("Ready") == is_ready, "Ready as the reason says", &status.conditions)?;
        let ways = ["Ready", "Reconciling", "Stalled"].into_iter().filter(|kind| of(kind)).count();
        ensure(ways == 1, "one of Ready, Reconciling and Stalled, as kstatus has it", &status.conditions)?;
        let word = if is_ready { "True" } else { "False" };
        until(&format!("kubectl get says {word} {reason}"), BEHIND_MAX, async || {
            let line = self.kubectl(&["get", "schemamigrations", NAME, "--no-headers"]).await?;
            Ok(line.split_whitespace().take(3).eq([NAME, word, reason]).then_some(()))
        })
        .await?;
        self.event(reason).await?;
        self.kubectl_waits_for(&format!("Ready={word}")).await?;
        Ok(status)
    }

    /// Waits until a condition has this reason and says this.
    pub(super) async fn tells_of(
        &self,
        kind: &str,
        reason: &str,
        words: &str,
    ) -> Result<SchemaMigrationStatus, Failure> {
        until(&format!("{kind} is told with {reason} {words}"), TOLD_MAX, async || {
            let migration = self.get().await?;
            let status = migration.status.unwrap_or_default();
            let is_it = status.conditions.iter().any(|condition| {
                condition.type_ == kind && condition.reason == reason && condition.message.contains(words)
            });
            let is_of_now = Some(status.observed_generation) == migration.metadata.generation;
            Ok((is_it && is_of_now).then_some(status))
        })
        .await
    }

    /// Waits for an Event about the migration with this reason.
    pub(super) async fn event(&self, reason: &str) -> Result<(), Failure> {
        let about = format!("involvedObject.kind=SchemaMigration,involvedObject.name={NAME},reason={reason}");
        until(&format!("an Event says {reason}"), BEHIND_MAX, async || {
            let events =
                self.stage.namespace.all::<Event>().list(&ListParams::default().fields(&about)).await?;
            Ok((!events.items.is_empty()).then_some(()))
        })
        .await
    }

    /// `kubectl wait` understands a condition as it is.
    pub(super) async fn kubectl_waits_for(&self, condition: &str) -> Result<(), Failure> {
        let for_it = format!("--for=condition={condition}");
        let what = format!("schemamigration/{NAME}");
        self.kubectl(&["wait", &for_it, &what, "--timeout=20s"]).await.map(drop)
    }

    /// That there is nothing but the Jobs that these do.
    pub(super) async fn has_jobs(&self, count: usize) -> Result<(), Failure> {
        use k8s_openapi::api::batch::v1::Job;
        let jobs = self.stage.namespace.all::<Job>().list(&ListParams::default()).await?.items;
        let names: Vec<String> = jobs.iter().map(ResourceExt::name_any).collect();
        ensure(names.len() == count, "no other Jobs", names)
    }
}

/// Whether a condition is true.
pub(super) fn is(status: &SchemaMigrationStatus, kind: &str) -> bool {
    status.conditions.iter().any(|condition| condition.type_ == kind && condition.status == "True")
}
