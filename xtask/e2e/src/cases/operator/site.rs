//! The operator's chart in the case's namespace, and the one migration that it carries out there.

use std::path::PathBuf;
use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Secret, ServiceAccount};
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use operator::crd::{CREDENTIALS_LABEL, SchemaMigration};
use serde_json::{Value, json};
use tokio::process::Command;

use super::kind;
use crate::database::Database;
use crate::error::{Failure, ensure};
use crate::namespace::{connect_as, kubeconfig_for, object, until};
use crate::program;
use crate::release::Release;
use crate::stage::Stage;

/// The migration's, and the release's that brings it.
pub(super) const NAME: &str = "atelier";
const CHART: &str = "charts/atelier-operator";
/// The operator's release and chart, joined as the chart does it.
pub(super) const ACCOUNT: &str = "operator-atelier-operator";
/// The last schema of before.
pub(super) const BEFORE: i64 = 4;
/// No services, whose pods are for other cases; and little patience, since the migrator is made to wait on purpose.
const ALONE: &str =
    "migrations.mode=operator,migrations.patienceSeconds=3,orderStatus.replicas=0,orders.replicas=0";

/// Where the case works.
pub(super) struct Site<'a> {
    pub(super) stage: &'a Stage,
}

impl Site<'_> {
    /// Does `work` in a cluster that knows the kind. What there is outside of the namespace goes whatever happens.
    pub(super) async fn with_the_kind(
        &self,
        work: impl Future<Output = Result<(), Failure>>,
    ) -> Result<(), Failure> {
        kind::enter(&self.stage.setting.client).await?;
        let outcome = work.await;
        let gone = self.uninstall().await;
        let left = kind::leave(&self.stage.setting.client).await;
        outcome.and(gone).and(left)
    }

    /// A database as the release before left it, the operator, and a migration without services beside it.
    pub(super) async fn set(
        &self,
        controllers: u8,
        approval: &str,
    ) -> Result<(Database, Installed), Failure> {
        let database = Database::reach(self.stage).await?;
        database.found(BEFORE).await?;
        self.install(controllers, "crds.install=false").await?;
        Ok((database, self.release(approval).await?))
    }

    /// A release that brings the migration and nothing else that works.
    pub(super) async fn release(&self, approval: &str) -> Result<Installed, Failure> {
        let values = self.stage.values(&self.stage.database_host()).await?;
        let set = format!("{ALONE},migrations.operator.approval={approval}");
        let installed = Installed { release: Release::new(self.stage, NAME), values, set };
        installed.release.install(&installed.values, &["--set", &installed.set]).await?;
        Ok(installed)
    }

    /// Installs the operator, or changes how many controllers there are.
    pub(super) async fn install(&self, controllers: u8, kind: &str) -> Result<(), Failure> {
        let set = format!(
            "allowedImagePrefixes[0]=localhost/atelier,verifyIntervalSeconds=10,replicas={controllers},{kind}"
        );
        let words = ["upgrade", "--install", "operator", CHART, "--wait", "--timeout", "2m", "--set", &set];
        program::output(&mut self.command("helm", &words)).await.map(drop)
    }

    pub(super) async fn uninstall(&self) -> Result<(), Failure> {
        program::output(&mut self.command("helm", &["uninstall", "operator", "--ignore-not-found"]))
            .await
            .map(drop)
    }

    /// As a person types it, in this namespace.
    pub(super) async fn kubectl(&self, words: &[&str]) -> Result<String, Failure> {
        program::output(&mut self.command("kubectl", words)).await
    }

    fn command(&self, program: &str, words: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(words).args(["--namespace", self.stage.namespace.name(), "--kubeconfig"]);
        command.arg(&self.stage.setting.kubeconfig);
        command
    }

    fn api(&self) -> Api<SchemaMigration> {
        self.stage.namespace.all()
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

    /// By which their owner says that a migration may use them.
    pub(super) async fn label_secrets(&self) -> Result<(), Failure> {
        let change = json!({ "metadata": { "labels": { CREDENTIALS_LABEL: "true" } } });
        for name in ["atelier-database-migrator", "atelier-database-ca"] {
            let secrets = self.stage.namespace.all::<Secret>();
            secrets.patch(name, &PatchParams::default(), &Patch::Merge(&change)).await?;
        }
        Ok(())
    }

    /// Puts an annotation on a Secret.
    pub(super) async fn annotate(&self, secret: &str, name: &str, text: &str) -> Result<(), Failure> {
        let change = json!({ "metadata": { "annotations": { name: text } } });
        let secrets = self.stage.namespace.all::<Secret>();
        secrets.patch(secret, &PatchParams::default(), &Patch::Merge(&change)).await?;
        Ok(())
    }

    /// Waits until the API server answers again; it may refuse for a moment what it is about to know.
    pub(super) async fn answers(&self, deadline: Duration) -> Result<(), Failure> {
        until("the API server answers", deadline, async || Ok(self.get().await.ok().map(drop))).await
    }

    /// Somebody who may change migrations, and somebody who may approve them.
    pub(super) async fn accounts(&self) -> Result<(), Failure> {
        let rules = json!([{
            "apiGroups": ["migrations.atelier.dev"], "resources": ["schemamigrations"],
            "verbs": ["get", "list", "watch", "create", "update", "patch", "delete"],
        }]);
        let role = object::<Role>(json!({ "metadata": { "name": "editor" }, "rules": rules }))?;
        self.stage.namespace.all().create(&PostParams::default(), &role).await?;
        for (account, role) in [("editor", "editor"), ("approver", &format!("{ACCOUNT}-approver"))] {
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

    /// The kubeconfig of the cases, with this namespace as the one that is meant.
    pub(super) fn kubeconfig_here(&self) -> Result<PathBuf, Failure> {
        let (setting, namespace) = (&self.stage.setting, self.stage.namespace.name());
        let path = setting.folder.join(format!("{namespace}.kubeconfig"));
        kubeconfig_for(&setting.kubeconfig, namespace, None, &path)?;
        Ok(path)
    }

    /// A kubeconfig of a service account of this namespace.
    pub(super) fn kubeconfig_as(&self, account: &str) -> Result<PathBuf, Failure> {
        let (setting, namespace) = (&self.stage.setting, self.stage.namespace.name());
        let path = setting.folder.join(format!("{namespace}.{account}.kubeconfig"));
        kubeconfig_for(&setting.kubeconfig, namespace, Some(account), &path)?;
        Ok(path)
    }
}

/// A release that brings the migration and nothing that runs.
pub(super) struct Installed {
    release: Release,
    values: PathBuf,
    set: String,
}

impl Installed {
    /// `helm upgrade --wait` that changes nothing; it waits as long as helm thinks that the migration is not ready.
    pub(super) async fn helm_waits(&self) -> Result<(), Failure> {
        let flags = ["--set", &self.set, "--wait", "--timeout", "20s"];
        self.release.upgrade(&self.values, &flags).await.map(drop)
    }

    /// That helm goes on waiting, and names what for.
    pub(super) async fn helm_waits_in_vain(&self) -> Result<(), Failure> {
        let flags = ["--set", &self.set, "--wait", "--timeout", "4s"];
        let answer = self.release.upgrade(&self.values, &flags).await;
        let is_it = matches!(&answer, Err(Failure::Ended { said, .. }) if said.contains("SchemaMigration"));
        ensure(is_it, "helm waiting for the SchemaMigration", answer)
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
