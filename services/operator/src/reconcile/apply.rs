//! Makes the Job that is due, by server-side apply, and removes those that nobody will ask about again.

use k8s_openapi::api::batch::v1::Job;
use kube::api::{Api, DeleteParams, Patch, PatchParams};
use kube::{Client, ResourceExt};

use super::FIELD_MANAGER;

/// Makes it; to make it twice is to make it once.
pub(super) async fn start(client: &Client, job: &Job) -> Result<(), kube::Error> {
    let api = Api::<Job>::namespaced(client.clone(), &job.namespace().unwrap_or_default());
    api.patch(&job.name_any(), &PatchParams::apply(FIELD_MANAGER).force(), &Patch::Apply(job)).await?;
    tracing::info!(job = job.name_any(), "made");
    Ok(())
}

/// Removes them with their pods; a migrator at work is asked to stop, and gives way.
pub(super) async fn remove(client: &Client, namespace: &str, names: &[&str]) -> Result<(), kube::Error> {
    let api = Api::<Job>::namespaced(client.clone(), namespace);
    for name in names {
        match api.delete(name, &DeleteParams::background()).await {
            Ok(_) => tracing::info!(job = name, "removed"),
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
