//! A release of the chart: installed by Helm as the documents say, and looked at through the API.

mod jobs;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::error::Failure;
use crate::namespace::{Answer, Namespace, until};
use crate::program;
use crate::stage::Stage;

pub(crate) use jobs::{has_failed, is_complete};

const CHART: &str = "charts/atelier";
const HELM_MAX: &str = "3m";
const TEST_MAX: &str = "2m";
/// Of the NGINX in front.
const EDGE_PORT: u16 = 8080;
const READY_MAX: Duration = Duration::from_secs(90);
/// What makes helm wait until everything is ready and the Job is complete.
pub(crate) const WAIT: [&str; 4] = ["--wait", "--wait-for-jobs", "--timeout", HELM_MAX];

/// One of the two services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    OrderStatus,
    Orders,
}

impl Service {
    pub(crate) const ALL: [Self; 2] = [Self::OrderStatus, Self::Orders];

    /// Its component in labels, and its container.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::OrderStatus => "order-status",
            Self::Orders => "orders",
        }
    }

    pub(crate) fn port(self) -> u16 {
        match self {
            Self::OrderStatus => 5017,
            Self::Orders => 5019,
        }
    }

    fn ops_port(self) -> u16 {
        self.port() + 4000
    }
}

/// A release, installed or about to be.
pub(crate) struct Release {
    namespace: Namespace,
    kubeconfig: PathBuf,
    name: &'static str,
}

impl Release {
    pub(crate) fn new(stage: &Stage, name: &'static str) -> Self {
        let kubeconfig = stage.setting.kubeconfig.clone();
        Self { namespace: stage.namespace.clone(), kubeconfig, name }
    }

    /// `helm install`; returns how long it took.
    pub(crate) async fn install(&self, values: &Path, flags: &[&str]) -> Result<Duration, Failure> {
        self.helm("install", values, flags).await
    }

    /// `helm upgrade`; returns how long it took.
    pub(crate) async fn upgrade(&self, values: &Path, flags: &[&str]) -> Result<Duration, Failure> {
        self.helm("upgrade", values, flags).await
    }

    /// `helm install` or `helm upgrade`; returns all that it said, where the log of a hook is, too.
    pub(crate) async fn said(&self, verb: &str, values: &Path, flags: &[&str]) -> Result<String, Failure> {
        program::said(&mut self.command(verb, values, flags)).await
    }

    /// `helm rollback` to a revision; returns how long it took.
    pub(crate) async fn rollback(&self, revision: u32, flags: &[&str]) -> Result<Duration, Failure> {
        let begin = Instant::now();
        let mut command = Command::new("helm");
        command.args(["rollback", self.name, &revision.to_string(), "--namespace", self.namespace.name()]);
        program::output(command.arg("--kubeconfig").arg(&self.kubeconfig).args(flags)).await?;
        Ok(begin.elapsed())
    }

    async fn helm(&self, verb: &str, values: &Path, flags: &[&str]) -> Result<Duration, Failure> {
        let begin = Instant::now();
        self.said(verb, values, flags).await?;
        Ok(begin.elapsed())
    }

    /// `helm test`.
    pub(crate) async fn test(&self) -> Result<(), Failure> {
        let mut command = Command::new("helm");
        command.args(["test", self.name, "--namespace", self.namespace.name(), "--timeout", TEST_MAX]);
        program::output(command.arg("--kubeconfig").arg(&self.kubeconfig)).await.map(drop)
    }

    /// What `helm install` would send, and sends not.
    pub(crate) async fn render(&self, values: &Path, flags: &[&str]) -> Result<Vec<Value>, Failure> {
        let text = program::output(&mut self.command("template", values, flags)).await?;
        let malformed = |source| Failure::Manifest { path: CHART.into(), source: Box::new(source) };
        serde_saphyr::from_multiple(&text).map_err(malformed)
    }

    fn command(&self, verb: &str, values: &Path, flags: &[&str]) -> Command {
        let mut command = Command::new("helm");
        command.args([verb, self.name, CHART, "--namespace", self.namespace.name(), "--kubeconfig"]);
        command.arg(&self.kubeconfig).arg("--values").arg(values).args(flags);
        command
    }

    fn labels(&self, component: &str) -> String {
        format!("app.kubernetes.io/instance={},app.kubernetes.io/component={component}", self.name)
    }

    /// The pods of a service.
    pub(crate) async fn pods(&self, service: Service) -> Result<Vec<Pod>, Failure> {
        self.namespace.pods(&self.labels(service.name())).await
    }

    /// Waits until `count` pods of a service are ready, and returns them.
    pub(crate) async fn ready(&self, service: Service, count: usize) -> Result<Vec<Pod>, Failure> {
        let what = format!("{count} pods of {} are ready", service.name());
        until(&what, READY_MAX, async || {
            let pods = self.pods(service).await?;
            Ok((pods.len() == count && pods.iter().all(is_ready)).then_some(pods))
        })
        .await
    }

    /// What a pod says of its readiness.
    pub(crate) async fn readyz(&self, service: Service, pod: &Pod) -> Result<Answer, Failure> {
        let request = Request::get("/readyz").body(Full::default()).map_err(Failure::Request)?;
        self.namespace.send(&name(pod), service.ops_port(), request).await
    }

    /// Sends to this pod of a service.
    pub(crate) async fn ask(
        &self,
        service: Service,
        pod: &Pod,
        request: Request<Full<Bytes>>,
    ) -> Result<Answer, Failure> {
        self.namespace.send(&name(pod), service.port(), request).await
    }

    /// Sends to one of the ready pods of a service.
    pub(crate) async fn send(
        &self,
        service: Service,
        request: Request<Full<Bytes>>,
    ) -> Result<Answer, Failure> {
        let pods = self.pods(service).await?;
        let expected = "a pod that is ready";
        let nobody = || Failure::Unexpected { expected, found: format!("none of {}", service.name()) };
        let pod = pods.iter().find(|pod| is_ready(pod)).ok_or_else(nobody)?;
        self.ask(service, pod, request).await
    }

    /// Sends to one of the ready pods of the NGINX in front.
    pub(crate) async fn send_to_edge(&self, request: Request<Full<Bytes>>) -> Result<Answer, Failure> {
        let pods = self.namespace.pods(&self.labels("edge")).await?;
        let nobody = || Failure::Unexpected { expected: "an NGINX that is ready", found: "none".to_owned() };
        let pod = pods.iter().find(|pod| is_ready(pod)).ok_or_else(nobody)?;
        self.namespace.send(&name(pod), EDGE_PORT, request).await
    }

    /// Makes the kubelet look at Secrets now, and not within its minute: a pod that changes is looked after at once.
    pub(crate) async fn look_again(&self, service: Service) -> Result<(), Failure> {
        let change = json!({ "metadata": { "annotations": { "atelier.dev/looked-at": "again" } } });
        for pod in self.pods(service).await? {
            let pods = self.namespace.all::<Pod>();
            pods.patch(&name(&pod), &PatchParams::default(), &Patch::Merge(&change)).await?;
        }
        Ok(())
    }
}

/// An object's name.
pub(crate) fn name(pod: &Pod) -> String {
    pod.metadata.name.clone().unwrap_or_default()
}

/// Whether traffic would come to it.
pub(crate) fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
    conditions.is_some_and(|all| all.iter().any(|it| it.type_ == "Ready" && it.status == "True"))
}

/// How often its containers were started anew.
pub(crate) fn restarts(pod: &Pod) -> i32 {
    let statuses = pod.status.as_ref().and_then(|status| status.container_statuses.as_ref());
    statuses.into_iter().flatten().map(|status| status.restart_count).sum()
}

/// The images of another release, for Helm: `cargo xtask image --with-dev` makes them.
pub(crate) fn images(tag: &str) -> String {
    ["orderStatus", "orders", "migrations"].map(|component| format!("{component}.image.tag={tag}")).join(",")
}
