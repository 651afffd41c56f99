//! One migration, one pass: dereference → validate → decide → build → apply → update status. Everything between the first and
//! the last two is pure. A pass may be cut short anywhere and run again; nothing is remembered between two of them.

mod announce;
mod apply;
pub mod build;
pub mod decide;
pub mod dereference;
pub mod seen;
pub mod update_status;
pub mod validate;

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use kube::api::Api;
use kube::runtime::events::Recorder;
use kube::{Client, ResourceExt};

use crate::crd::{Reason, SchemaMigration};
use build::BuildError;
use decide::Conclusion;
use dereference::DereferenceError;
use seen::Seen;

/// Whose the fields are that the controller sets.
pub const FIELD_MANAGER: &str = "atelier-operator";

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The machine's clock.
pub fn now() -> Clock {
    Arc::new(Timestamp::now)
}

/// What a pass needs beside the migration.
#[derive(Clone)]
pub struct Context {
    /// The cluster.
    pub client: Client,
    /// Images must be below one of these.
    pub image_prefixes: Vec<String>,
    /// How often the database is held against the migrations.
    pub verify_interval: Duration,
    /// Tells the time.
    pub clock: Clock,
    /// Where events go.
    pub recorder: Recorder,
}

/// Which step of a pass failed. The next pass begins anew.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// Reading.
    #[error("what the migration leads to could not be read")]
    Dereference(#[source] DereferenceError),
    /// Building.
    #[error("the Job could not be built")]
    Build(#[source] BuildError),
    /// Applying.
    #[error("the Job could not be made")]
    Start(#[source] kube::Error),
    /// Removing.
    #[error("a Job that is out of date could not be removed")]
    Remove(#[source] kube::Error),
    /// Telling.
    #[error("the status could not be written")]
    Status(#[source] kube::Error),
}

/// How a pass ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed {
    /// Why the migration is ready, or not.
    pub reason: Reason,
    /// When to look again, if nothing changes before.
    pub again: Duration,
}

/// One pass.
pub async fn reconcile(migration: &SchemaMigration, context: &Context) -> Result<Passed, ReconcileError> {
    let client = &context.client;
    let seen = dereference::dereference(client, migration).await.map_err(ReconcileError::Dereference)?;
    let now = (context.clock)();
    let conclusion = conclude(migration, &seen, context, now);
    let inputs = build::inputs(&migration.spec);
    let namespace = migration.namespace().unwrap_or_default();
    // The status comes before what it leaves out: the report of a Job that is removed is in the history by then.
    let status = update_status::status(migration, &conclusion, &seen, now);
    let api = Api::<SchemaMigration>::namespaced(client.clone(), &namespace);
    if let Some(order) = &conclusion.start {
        let job = build::build(migration, order).map_err(ReconcileError::Build)?;
        apply::start(client, &job).await.map_err(ReconcileError::Start)?;
    }
    update_status::write(&api, migration, &status).await.map_err(ReconcileError::Status)?;
    announce::announce(migration, &conclusion, &context.recorder).await;
    let superseded = decide::superseded(&seen, &inputs);
    apply::remove(client, &namespace, &superseded).await.map_err(ReconcileError::Remove)?;
    Ok(Passed { reason: conclusion.reason, again: conclusion.again })
}

fn conclude(migration: &SchemaMigration, seen: &Seen, context: &Context, now: Timestamp) -> Conclusion {
    match validate::validate(&migration.spec, seen, &context.image_prefixes) {
        Ok(()) => {
            let inputs = build::inputs(&migration.spec);
            decide::decide(&migration.spec, &inputs, seen, context.verify_interval, now)
        }
        Err(refusal) => decide::refused(&refusal),
    }
}
