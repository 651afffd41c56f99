//! Reads what a migration leads to: its Jobs, their pods, and of Secrets nothing but their labels and annotations.

use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Pod, Secret};
use kube::api::{Api, ListParams};
use kube::{Client, ResourceExt};

use super::build::{LABEL_MIGRATION, shortened};
use super::seen::{Seen, SeenJob, SeenSecret};
use super::validate::secrets;
use crate::crd::{CREDENTIALS_LABEL, HOSTS_ANNOTATION, SchemaMigration};

/// What could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DereferenceError {
    /// The Jobs.
    #[error("the Jobs could not be listed")]
    Jobs(#[source] kube::Error),
    /// Their pods.
    #[error("the pods of the Jobs could not be listed")]
    Pods(#[source] kube::Error),
    /// A Secret's labels.
    #[error("the labels of Secret {name} could not be read")]
    Secret {
        /// Its name.
        name: String,
        /// What the API server said.
        source: kube::Error,
    },
}

/// Reads it.
pub async fn dereference(client: &Client, migration: &SchemaMigration) -> Result<Seen, DereferenceError> {
    let namespace = migration.namespace().unwrap_or_default();
    let mut seen = Seen { secrets: BTreeMap::new(), jobs: jobs(client, &namespace, migration).await? };
    let api = Api::<Secret>::namespaced(client.clone(), &namespace);
    for name in secrets(&migration.spec) {
        let found = api.get_metadata_opt(name).await;
        let secret = found.map_err(|source| DereferenceError::Secret { name: name.to_owned(), source })?;
        let how = match secret {
            None => SeenSecret::Missing,
            Some(secret) if secret.labels().get(CREDENTIALS_LABEL).is_some_and(|value| value == "true") => {
                let hosts = secret.annotations().get(HOSTS_ANNOTATION).cloned();
                hosts.map_or(SeenSecret::Labelled, SeenSecret::LabelledFor)
            }
            Some(_) => SeenSecret::Unlabelled,
        };
        seen.secrets.insert(name.to_owned(), how);
    }
    Ok(seen)
}

async fn jobs(
    client: &Client,
    namespace: &str,
    migration: &SchemaMigration,
) -> Result<Vec<SeenJob>, DereferenceError> {
    let ours = format!("{LABEL_MIGRATION}={}", shortened(&migration.name_any()));
    let api = Api::<Job>::namespaced(client.clone(), namespace);
    let jobs = api.list(&ListParams::default().labels(&ours)).await.map_err(DereferenceError::Jobs)?;
    // A name that was shortened may be another's too; an owner is one's own. What is being deleted is no longer there.
    let uid = migration.uid();
    let is_ours = |job: &&Job| {
        job.metadata.deletion_timestamp.is_none()
            && job.owner_references().iter().any(|owner| Some(&owner.uid) == uid.as_ref())
    };
    let jobs: Vec<Job> = jobs.items.iter().filter(is_ours).cloned().collect();
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<String> = jobs.iter().map(ResourceExt::name_any).collect();
    let of_jobs = format!("batch.kubernetes.io/job-name in ({})", names.join(","));
    let api = Api::<Pod>::namespaced(client.clone(), namespace);
    let pods = api.list(&ListParams::default().labels(&of_jobs)).await.map_err(DereferenceError::Pods)?;
    Ok(jobs.iter().filter_map(|job| SeenJob::of(job, &pods.items)).collect())
}
