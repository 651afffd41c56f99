//! All that a bug report needs: the migration, its Jobs, their pods and the events about them. No Secret is read for it.

use std::collections::BTreeMap;
use std::io::Write;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Event, Pod};
use kube::api::{Api, ListParams};
use kube::{Client, ResourceExt};
use serde::Serialize;
use serde_json::{Value, json};

use super::KubectlError;
use crate::crd::SchemaMigration;
use crate::reconcile::build::{LABEL_MIGRATION, shortened};

/// Writes it. A part that cannot be read says why in its place.
pub(super) async fn write(
    client: &Client,
    migration: &SchemaMigration,
    out: &mut impl Write,
) -> Result<(), KubectlError> {
    let namespace = migration.namespace().unwrap_or_default();
    let name = migration.name_any();
    let ours = ListParams::default().labels(&format!("{LABEL_MIGRATION}={}", shortened(&name)));
    let jobs = Api::<Job>::namespaced(client.clone(), &namespace).list(&ours).await;
    let names: Vec<String> = jobs.iter().flat_map(|jobs| &jobs.items).map(ResourceExt::name_any).collect();
    // A list of nothing would be no selector; no pod belongs to a Job without a name.
    let any = if names.is_empty() { "none".to_owned() } else { names.join(",") };
    let of_jobs = ListParams::default().labels(&format!("batch.kubernetes.io/job-name in ({any})"));
    let pods = Api::<Pod>::namespaced(client.clone(), &namespace).list(&of_jobs).await;
    let events = Api::<Event>::namespaced(client.clone(), &namespace).list(&ListParams::default()).await;
    let about_us = |event: &Event| {
        let about = event.involved_object.name.clone().unwrap_or_default();
        about == name || names.iter().any(|job| about.starts_with(job.as_str()))
    };
    let bundle = BTreeMap::from([
        ("version", json!(env!("CARGO_PKG_VERSION"))),
        ("migration", json!(migration)),
        ("jobs", part(jobs.map(|jobs| jobs.items))),
        ("pods", part(pods.map(|pods| pods.items))),
        ("events", part(events.map(|events| events.items.into_iter().filter(about_us).collect::<Vec<_>>()))),
    ]);
    serde_json::to_writer_pretty(&mut *out, &bundle)?;
    writeln!(out)?;
    Ok(())
}

fn part<T: Serialize>(read: Result<T, kube::Error>) -> Value {
    match read {
        Ok(value) => json!(value),
        Err(error) => json!({ "unreadable": error.to_string() }),
    }
}
