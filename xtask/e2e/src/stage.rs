//! What a case stands on: its namespace with a PostgreSQL, a catalog and the Secrets, as `k8s/dev` has them, and nothing of
//! Atelier yet.

use std::path::{Path, PathBuf};
use std::time::Duration;

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::{Pod, Secret};
use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams, PostParams};
use serde_json::Value;
use tokio::process::Command;

use crate::error::Failure;
use crate::gateway::Gateway;
use crate::namespace::{Namespace, object, until};
use crate::program;

const MANIFESTS: &str = "k8s/dev";
/// PostgreSQL makes its database first, on a machine that may be busy.
const READY_MAX: Duration = Duration::from_mins(2);

/// What every case of a run is told.
#[derive(Clone)]
pub(crate) struct Setting {
    pub(crate) client: Client,
    pub(crate) kubeconfig: PathBuf,
    /// Where `cargo xtask image` listed the images.
    pub(crate) images: PathBuf,
    pub(crate) postgres_image: Option<String>,
    pub(crate) restart_api_server: Option<String>,
    pub(crate) gateway: Option<Gateway>,
    /// Requests a second of the cases under load.
    pub(crate) rate: Option<u32>,
    /// Whether cases take their time.
    pub(crate) long: bool,
    pub(crate) nginx_image: Option<String>,
    pub(crate) collector_image: Option<String>,
    /// Whether nodes fetch the images that nobody gave them, as kind's do.
    pub(crate) can_fetch: bool,
    /// For files of this run.
    pub(crate) folder: PathBuf,
}

/// A namespace in which Atelier can be installed.
pub(crate) struct Stage {
    case: &'static str,
    pub(crate) setting: Setting,
    pub(crate) namespace: Namespace,
}

impl Stage {
    /// Brings everything up and waits until it is ready.
    pub(crate) async fn set(
        case: &'static str,
        setting: Setting,
        namespace: Namespace,
    ) -> Result<Self, Failure> {
        let stage = Self { case, setting, namespace };
        for manifest in dev_secrets::manifests(stage.namespace.name())? {
            let secret = object::<Secret>(manifest)?;
            stage.namespace.all::<Secret>().create(&PostParams::default(), &secret).await?;
        }
        for path in manifests()? {
            stage.apply_file(&path, "StatefulSet", stage.setting.postgres_image.as_ref()).await?;
        }
        stage.database_ready().await?;
        stage.deployed("catalog").await?;
        Ok(stage)
    }

    /// As `kubectl apply --server-side` does, but with `image` in what is of this kind.
    pub(crate) async fn apply_file(
        &self,
        path: &Path,
        kind: &str,
        image: Option<&String>,
    ) -> Result<(), Failure> {
        let unreadable = |source| Failure::File { path: path.to_owned(), source };
        let content = std::fs::read_to_string(path).map_err(unreadable)?;
        let malformed = |source| Failure::Manifest { path: path.to_owned(), source: Box::new(source) };
        for mut value in serde_saphyr::from_multiple::<Value>(&content).map_err(malformed)? {
            if let Some(image) = image.filter(|_| text(&value, "/kind") == kind)
                && let Some(named) = value.pointer_mut("/spec/template/spec/containers/0/image")
            {
                *named = Value::String(image.clone());
            }
            self.apply(path, value).await?;
        }
        Ok(())
    }

    /// Says something that was seen or measured. Cases run beside each other, so each line has its case's name.
    pub(crate) fn note(&self, words: &str) {
        println!("       {}: {words}", self.case);
    }

    async fn apply(&self, path: &Path, value: Value) -> Result<(), Failure> {
        let (api_version, kind) = (text(&value, "/apiVersion"), text(&value, "/kind"));
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        let name = text(&value, "/metadata/name").to_owned();
        let unusable = |source| Failure::Object { path: path.to_owned(), source };
        let object: DynamicObject = serde_json::from_value(value).map_err(unusable)?;
        let client = self.setting.client.clone();
        let api = Api::<DynamicObject>::namespaced_with(client, self.namespace.name(), &resource);
        api.patch(&name, &PatchParams::apply("atelier-e2e"), &Patch::Apply(object)).await?;
        Ok(())
    }

    /// Waits until PostgreSQL takes connections.
    async fn database_ready(&self) -> Result<(), Failure> {
        let api = self.namespace.all::<StatefulSet>();
        until("PostgreSQL is ready", READY_MAX, async || {
            let status = api.get("postgres").await?.status.unwrap_or_default();
            Ok((status.ready_replicas == Some(1)).then_some(()))
        })
        .await
    }

    /// Waits until the one pod of a Deployment is ready.
    pub(crate) async fn deployed(&self, name: &str) -> Result<(), Failure> {
        let api = self.namespace.all::<Deployment>();
        until(&format!("{name} is ready"), READY_MAX, async || {
            let status = api.get(name).await?.status.unwrap_or_default();
            Ok((status.ready_replicas == Some(1)).then_some(()))
        })
        .await
    }

    /// An image that has a shell, which ours have not: PostgreSQL's, which is here already.
    pub(crate) async fn image_with_a_shell(&self) -> Result<String, Failure> {
        let pod = self.namespace.all::<Pod>().get("postgres-0").await?;
        Ok(pod.spec.unwrap_or_default().containers.remove(0).image.unwrap_or_default())
    }

    /// The database's name as pods know it.
    pub(crate) fn database_host(&self) -> String {
        format!("postgres.{}.svc", self.namespace.name())
    }

    /// The name by which a Gateway tells this release from those of the cases beside it.
    pub(crate) fn host(&self) -> String {
        format!("{}.example.com", self.namespace.name())
    }

    /// A values file, by `cargo xtask values` from the facts of this namespace.
    pub(crate) async fn values(&self, database_host: &str) -> Result<PathBuf, Failure> {
        let mut roles = Vec::new();
        for login in ["migrator", "writer", "reader"] {
            let secret = format!("atelier-database-{login}");
            roles.push(self.namespace.secret_text(&secret, "username").await?);
        }
        let catalog = format!("http://catalog.{}.svc:8080/catalog", self.namespace.name());
        let mut command = Command::new(program::sibling("chart")?);
        command.args(["values", "--db-host", database_host, "--db-ca-secret", "atelier-database-ca"]);
        command.args(["--db-roles", &roles.join(","), "--catalog-url", &catalog, "--image-digests"]);
        let yaml = program::output(command.arg(&self.setting.images)).await?;
        let path = self.setting.folder.join(format!("{}.{database_host}.yaml", self.namespace.name()));
        std::fs::write(&path, yaml).map_err(|source| Failure::File { path: path.clone(), source })?;
        Ok(path)
    }
}

fn manifests() -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |source| Failure::File { path: MANIFESTS.into(), source };
    let entries = std::fs::read_dir(MANIFESTS).map_err(unreadable)?;
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    let mut manifests: Vec<PathBuf> = paths.filter(|path| is_manifest(path)).collect();
    manifests.sort();
    Ok(manifests)
}

/// What kustomize reads is no object.
fn is_manifest(path: &Path) -> bool {
    path.extension().is_some_and(|it| it == "yaml") && !path.ends_with("kustomization.yaml")
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}
