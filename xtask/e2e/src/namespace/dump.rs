//! What a namespace looked like when something in it went wrong: objects, events and logs, in files; the gist on the terminal.
//! Secrets are left out.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use k8s_openapi::api::core::v1::{Event, Pod};
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, ListParams, LogParams};
use serde_json::Value;

use super::Namespace;
use crate::error::Failure;

const KINDS: [(&str, &str, &str); 9] = [
    ("", "v1", "Pod"),
    ("", "v1", "Service"),
    ("", "v1", "ConfigMap"),
    ("", "v1", "Event"),
    ("", "v1", "PersistentVolumeClaim"),
    ("apps", "v1", "Deployment"),
    ("apps", "v1", "ReplicaSet"),
    ("apps", "v1", "StatefulSet"),
    ("batch", "v1", "Job"),
];
const TAIL_LINES: usize = 10;

impl Namespace {
    /// Writes everything below `folder` and returns what is most likely to be asked.
    pub(crate) async fn dump(&self, folder: &Path) -> Result<String, Failure> {
        let unwritable = |source| Failure::File { path: folder.to_owned(), source };
        fs::create_dir_all(folder).map_err(unwritable)?;
        for (group, version, kind) in KINDS {
            let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
            let api = Api::<DynamicObject>::namespaced_with(self.client.clone(), &self.name, &resource);
            let objects = api.list(&ListParams::default()).await?;
            let text =
                serde_json::to_value(objects.items).map_or_else(|_| String::new(), |it| format!("{it:#}"));
            fs::write(folder.join(format!("{kind}.json")), text).map_err(unwritable)?;
        }
        let mut gist = String::new();
        for event in self.all::<Event>().list(&ListParams::default()).await?.items {
            if event.type_.as_deref() == Some("Warning") {
                let name = event.involved_object.name.unwrap_or_default();
                let _ = writeln!(gist, "  event  {name}: {}", event.message.unwrap_or_default().trim());
            }
        }
        for pod in self.all::<Pod>().list(&ListParams::default()).await?.items {
            self.dump_logs(&pod, folder, &mut gist).await?;
        }
        Ok(gist)
    }

    async fn dump_logs(&self, pod: &Pod, folder: &Path, gist: &mut String) -> Result<(), Failure> {
        let name = pod.metadata.name.clone().unwrap_or_default();
        let statuses = pod.status.clone().and_then(|status| status.container_statuses).unwrap_or_default();
        for status in statuses {
            let state = serde_json::to_value(&status.state).unwrap_or(Value::Null);
            let (ready, restarts) = (status.ready, status.restart_count);
            // What does its work, or has done it, is not what somebody looks for.
            let is_fine = restarts == 0 && (ready || state["terminated"]["exitCode"] == 0);
            let _ = writeln!(gist, "  pod    {name}: ready {ready}, restarts {restarts}, {state}");
            for previous in [false, true].into_iter().take(if restarts > 0 { 2 } else { 1 }) {
                let params = LogParams { previous, ..LogParams::default() };
                // A container that never started has no log, which its state says already.
                let Ok(log) = self.all::<Pod>().logs(&name, &params).await else { continue };
                let file = folder.join(format!("{name}{}.log", if previous { ".previous" } else { "" }));
                fs::write(&file, &log).map_err(|source| Failure::File { path: file, source })?;
                let lines: Vec<&str> = log.lines().collect();
                let tail = if is_fine { 0 } else { TAIL_LINES };
                for line in &lines[lines.len().saturating_sub(tail)..] {
                    let _ = writeln!(gist, "         | {line}");
                }
            }
        }
        Ok(())
    }
}
