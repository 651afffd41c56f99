//! The operator's chart in the case's namespace, and the one migration that it carries out there.

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Secret, ServiceAccount};
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Api;
use kube::CustomResourceExt;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use operator::crd::{CREDENTIALS_LABEL, SchemaMigration, SchemaMigrationStatus};
use serde_json::{Value, json};
use tokio::process::Command;

use super::TOLD_MAX;
use crate::error::{Failure, ensure};
use crate::namespace::{connect_as, object, until};
use crate::program;
use crate::stage::Stage;

const NAME: &str = "atelier";
const CHART: &str = "charts/atelier-operator";

/// Where the case works.
pub(super) struct Site<'a> {
    stage: &'a Stage,
}

impl<'a> Site<'a> {
    pub(super) fn new(stage: &'a Stage) -> Self {
        Self { stage }
    }

    fn api(&self) -> Api<SchemaMigration> {
        self.stage.namespace.all()
    }

    fn helm(&self, words: &[&str]) -> Command {
        let mut helm = Command::new("helm");
        helm.args(words).args(["--namespace", self.stage.namespace.name(), "--kubeconfig"]);
        helm.arg(&self.stage.setting.kubeconfig);
        helm
    }

    /// Installs the operator, or changes how many controllers there are. It goes with all that it has, so nothing is kept.
    pub(super) async fn install(&self, replicas: u8) -> Result<(), Failure> {
        let set = format!(
            "allowedImagePrefixes[0]=localhost/atelier,crds.keep=false,verifyIntervalSeconds=10,replicas={replicas}"
        );
        let mut helm = self.helm(&["upgrade", "--install", "operator", CHART, "--wait", "--timeout", "2m"]);
        program::output(helm.args(["--set", &set])).await.map(drop)
    }

    pub(super) async fn uninstall(&self) -> Result<(), Failure> {
        program::output(&mut self.helm(&["uninstall", "operator", "--ignore-not-found"])).await.map(drop)
    }

    pub(super) async fn get(&self) -> Result<SchemaMigration, Failure> {
        Ok(self.api().get(NAME).await?)
    }

    pub(super) async fn change(&self, spec: &Value) -> Result<(), Failure> {
        changed(&self.api(), spec).await
    }

    /// As a service account of this namespace.
    pub(super) async fn change_as(&self, account: &str, spec: &Value) -> Result<(), Failure> {
        let namespace = self.stage.namespace.name();
        let client = connect_as(&self.stage.setting.kubeconfig, namespace, account).await?;
        changed(&Api::namespaced(client, namespace), spec).await
    }

    pub(super) async fn retry(&self) -> Result<(), Failure> {
        let retry = self.get().await?.spec.retry + 1;
        self.change(&json!({ "retry": retry })).await
    }

    /// Waits until the condition Ready has this reason, about what is wanted now.
    pub(super) async fn tells(&self, reason: &str, is_ready: bool) -> Result<SchemaMigrationStatus, Failure> {
        let status = self.tells_of("Ready", reason, "").await?;
        let ready = status.conditions.iter().find(|condition| condition.type_ == "Ready");
        let right = ready.is_some_and(|condition| (condition.status == "True") == is_ready);
        ensure(right, "Ready as the reason says", ready)?;
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

    /// `kubectl wait` understands it as it is.
    pub(super) async fn waits_ready(&self) -> Result<(), Failure> {
        let mut kubectl = Command::new("kubectl");
        kubectl.arg("--kubeconfig").arg(&self.stage.setting.kubeconfig);
        kubectl.args(["--namespace", self.stage.namespace.name()]);
        kubectl.args(["wait", "--for=condition=Ready", "schemamigration/atelier", "--timeout=20s"]);
        program::output(&mut kubectl).await.map(drop)
    }

    /// By which their owner says that a migration may use them.
    pub(super) async fn label_secrets(&self) -> Result<(), Failure> {
        let change = json!({ "metadata": { "labels": { CREDENTIALS_LABEL: "true" } } });
        for name in ["atelier-database-migrator", "atelier-database-ca"] {
            let secrets = self.stage.namespace.all::<Secret>();
            secrets.patch(name, &PatchParams::default(), &Patch::Merge(&change)).await?;
        }
        Ok(())
    }

    /// Somebody who may change migrations, and somebody who may approve them.
    pub(super) async fn accounts(&self) -> Result<(), Failure> {
        let rules = json!([{
            "apiGroups": ["migrations.atelier.dev"], "resources": ["schemamigrations"],
            "verbs": ["get", "list", "watch", "create", "update", "patch", "delete"],
        }]);
        let role = object::<Role>(json!({ "metadata": { "name": "editor" }, "rules": rules }))?;
        self.stage.namespace.all().create(&PostParams::default(), &role).await?;
        for (account, role) in [("editor", "editor"), ("approver", "operator-atelier-operator-approver")] {
            let metadata = json!({ "name": account });
            let made = object::<ServiceAccount>(json!({ "metadata": metadata }))?;
            self.stage.namespace.all().create(&PostParams::default(), &made).await?;
            let binding = object::<RoleBinding>(json!({
                "metadata": metadata,
                "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role },
                "subjects": [{ "kind": "ServiceAccount", "name": account }],
            }))?;
            self.stage.namespace.all().create(&PostParams::default(), &binding).await?;
        }
        Ok(())
    }

    /// The pod that holds the lease.
    pub(super) async fn leader(&self) -> Result<String, Failure> {
        let lease = self.stage.namespace.all::<Lease>().get(operator::controller::LEASE).await?;
        Ok(lease.spec.and_then(|spec| spec.holder_identity).unwrap_or_default())
    }

    /// Deletes the kind, and with it every object of it in the cluster.
    pub(super) async fn delete_kind(&self) -> Result<(), Failure> {
        let kinds = Api::<CustomResourceDefinition>::all(self.stage.setting.client.clone());
        let name = SchemaMigration::crd_name();
        kinds.delete(name, &DeleteParams::foreground()).await?;
        until("the kind is gone", TOLD_MAX, async || Ok(kinds.get_opt(name).await?.is_none().then_some(())))
            .await
    }
}

async fn changed(api: &Api<SchemaMigration>, spec: &Value) -> Result<(), Failure> {
    api.patch(NAME, &PatchParams::default(), &Patch::Merge(json!({ "spec": spec }))).await?;
    Ok(())
}

/// That the API server refused, and why.
pub(super) fn is_refused(answer: &Result<(), Failure>, code: u16, why: &'static str) -> Result<(), Failure> {
    let is_it = matches!(answer, Err(Failure::Cluster(kube::Error::Api(status)))
        if status.code == code && status.message.contains(why));
    ensure(is_it, why, format!("{answer:?}"))
}
