//! A namespace of one case: everything in it is the case's, and it goes with it.
//!
//! It enforces Pod Security `restricted`, so a pod that runs here runs anywhere that is careful.

mod dump;
mod forward;
mod tunnel;

use std::path::Path;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Namespace as Object, Pod, Secret};
use k8s_openapi::{ByteString, NamespaceResourceScope};
use kube::api::{DeleteParams, ListParams, LogParams, Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config, Resource};
use serde_json::{Value, json};
use testkit::wait;

use crate::error::Failure;
pub(crate) use forward::{Answer, exchange, in_time};
pub(crate) use tunnel::Tunnel;

/// How often the API server is asked whether something has come about.
const PAUSE: Duration = Duration::from_millis(200);

/// A client of the cluster that this kubeconfig leads to.
pub(crate) async fn connect(kubeconfig: &Path) -> Result<Client, Failure> {
    let unusable = |source| Failure::Kubeconfig { path: kubeconfig.to_owned(), source: Box::new(source) };
    let read = Kubeconfig::read_from(kubeconfig).map_err(unusable)?;
    let config = Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await;
    Ok(Client::try_from(config.map_err(unusable)?)?)
}

/// The same, as somebody else: a service account of this name in a namespace.
pub(crate) async fn connect_as(kubeconfig: &Path, namespace: &str, account: &str) -> Result<Client, Failure> {
    let read = read_for(kubeconfig, namespace, Some(account))?;
    let unusable = |source| Failure::Kubeconfig { path: kubeconfig.to_owned(), source: Box::new(source) };
    let config = Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await;
    Ok(Client::try_from(config.map_err(unusable)?)?)
}

/// The same as a file for other programs.
pub(crate) fn kubeconfig_for(
    kubeconfig: &Path,
    namespace: &str,
    account: Option<&str>,
    to: &Path,
) -> Result<(), Failure> {
    let read = read_for(kubeconfig, namespace, account)?;
    // JSON is YAML.
    let text = serde_json::to_string(&read);
    let text = text.map_err(|source| Failure::Object { path: to.to_owned(), source })?;
    std::fs::write(to, text).map_err(|source| Failure::File { path: to.to_owned(), source })
}

/// A kubeconfig with this namespace as the one that is meant, of one of its service accounts if that is named.
fn read_for(kubeconfig: &Path, namespace: &str, account: Option<&str>) -> Result<Kubeconfig, Failure> {
    let unusable = |source| Failure::Kubeconfig { path: kubeconfig.to_owned(), source: Box::new(source) };
    let mut read = Kubeconfig::read_from(kubeconfig).map_err(unusable)?;
    for context in read.contexts.iter_mut().filter_map(|named| named.context.as_mut()) {
        context.namespace = Some(namespace.to_owned());
    }
    for user in read.auth_infos.iter_mut().filter_map(|named| named.auth_info.as_mut()) {
        user.impersonate = account.map(|name| format!("system:serviceaccount:{namespace}:{name}"));
    }
    Ok(read)
}

/// Asks until the answer is there, or the deadline is; an error ends it at once.
pub(crate) async fn until<T, F>(what: &str, deadline: Duration, probe: impl Fn() -> F) -> Result<T, Failure>
where
    F: Future<Output = Result<Option<T>, Failure>>,
{
    wait::until_every(PAUSE, what, deadline, async || probe().await.transpose()).await?
}

/// One namespace.
#[derive(Clone)]
pub(crate) struct Namespace {
    client: Client,
    name: String,
}

impl Namespace {
    /// Makes it, with a name that begins like the case's.
    pub(crate) async fn create(client: Client, case: &str) -> Result<Self, Failure> {
        let labels = json!({
            "app.kubernetes.io/part-of": "atelier-e2e",
            "pod-security.kubernetes.io/enforce": "restricted",
            "pod-security.kubernetes.io/enforce-version": "latest",
        });
        let prefix = format!("atelier-e2e-{}-", case.replace('_', "-"));
        let object = object::<Object>(json!({ "metadata": { "generateName": prefix, "labels": labels } }))?;
        let made = Api::<Object>::all(client.clone()).create(&PostParams::default(), &object).await?;
        Ok(Self { client, name: made.metadata.name.unwrap_or_default() })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What it holds of one kind.
    pub(crate) fn all<K>(&self) -> Api<K>
    where
        K: Resource<Scope = NamespaceResourceScope>,
        K::DynamicType: Default,
    {
        Api::namespaced(self.client.clone(), &self.name)
    }

    /// Begins to delete it with all that is in it.
    pub(crate) async fn delete(&self) -> Result<(), Failure> {
        let namespaces = Api::<Object>::all(self.client.clone());
        namespaces.delete(&self.name, &DeleteParams::background()).await?;
        Ok(())
    }

    /// The pods with these labels that nobody has asked to go.
    pub(crate) async fn pods(&self, labels: &str) -> Result<Vec<Pod>, Failure> {
        let pods = self.all::<Pod>().list(&ListParams::default().labels(labels)).await?;
        Ok(pods.items.into_iter().filter(|pod| pod.metadata.deletion_timestamp.is_none()).collect())
    }

    /// What a container has printed; a pod that has only one need not name it.
    pub(crate) async fn log(&self, pod: &str, container: Option<&str>) -> Result<String, Failure> {
        let container = container.map(str::to_owned);
        Ok(self.all::<Pod>().logs(pod, &LogParams { container, ..LogParams::default() }).await?)
    }

    /// A Secret's data.
    pub(crate) async fn secret(&self, name: &str) -> Result<Secret, Failure> {
        Ok(self.all::<Secret>().get(name).await?)
    }

    /// The text of one of its keys.
    pub(crate) async fn secret_text(&self, name: &str, key: &str) -> Result<String, Failure> {
        let data = self.secret(name).await?.data.unwrap_or_default();
        let missing =
            || Failure::Unexpected { expected: "a key of a Secret", found: format!("no {key} in {name}") };
        let ByteString(bytes) = data.get(key).ok_or_else(missing)?;
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }

    /// Puts another text under a key of a Secret.
    pub(crate) async fn set_secret(&self, name: &str, key: &str, text: &str) -> Result<(), Failure> {
        let change = json!({ "stringData": { key: text } });
        self.all::<Secret>().patch(name, &PatchParams::default(), &Patch::Merge(change)).await?;
        Ok(())
    }

    /// What the cluster says about pods whose names begin so: one line for each event.
    pub(crate) async fn events(&self, pod: &str) -> Result<Vec<String>, Failure> {
        use k8s_openapi::api::core::v1::Event;
        let events = self.all::<Event>().list(&ListParams::default()).await?;
        let of_pod =
            |event: &Event| event.involved_object.name.as_deref().is_some_and(|name| name.starts_with(pod));
        let lines = events.items.into_iter().filter(of_pod).filter_map(|event| event.message);
        Ok(lines.collect())
    }
}

/// An object from its text.
pub(crate) fn object<K: serde::de::DeserializeOwned>(value: Value) -> Result<K, Failure> {
    serde_json::from_value(value)
        .map_err(|source| Failure::Object { path: "an object of ours".into(), source })
}
