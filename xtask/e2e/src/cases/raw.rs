//! Without Helm: `k8s/raw`, copied and changed as its README says, applied by kubectl, sells an order.

use std::fs;
use std::path::{Path, PathBuf};

use k8s_openapi::api::core::v1::Secret;
use kube::api::PostParams;
use serde_json::json;
use tokio::process::Command;

use crate::error::{Failure, ensure};
use crate::namespace::object;
use crate::orders::People;
use crate::program;
use crate::release::{Release, Service};
use crate::stage::Stage;

const RAW: &str = "k8s/raw/kustomization.yaml";
const RENDERED: &str = "k8s/rendered";
/// The authority of this database is no well-known one, and the smallest values name no other.
const UNVERIFIED: [(&str, &str); 3] = [("Deployment", ""), ("Job", ""), ("CronJob", "/spec/jobTemplate")];

pub(super) async fn run(stage: &Stage) -> Result<(), Failure> {
    login(stage).await?;
    let folder = copy(stage)?;
    let mut kubectl = Command::new("kubectl");
    kubectl.arg("--kubeconfig").arg(&stage.setting.kubeconfig).args(["apply", "--kustomize"]).arg(&folder);
    program::output(&mut kubectl).await?;

    let release = Release::new(stage, "atelier");
    release.migrated().await?;
    for service in Service::ALL {
        release.ready(service, 2).await?;
    }
    let people = People::of(stage).await?;
    let id = release.walk(&people).await?;
    let page = release.page(&people.buyer).await?;
    ensure(page.body["orders"][0]["order_id"] == id, "the paid order", &page)?;
    release.verified().await
}

/// One login for all, which is the owner's here.
async fn login(stage: &Stage) -> Result<(), Failure> {
    let data = stage.namespace.secret("atelier-database-migrator").await?.data;
    let secret = object::<Secret>(json!({ "metadata": { "name": "atelier-database" } }))?;
    stage.namespace.all::<Secret>().create(&PostParams::default(), &Secret { data, ..secret }).await?;
    Ok(())
}

/// The folder with the facts of this namespace, beside what it is made of.
fn copy(stage: &Stage) -> Result<PathBuf, Failure> {
    let to = stage.setting.folder.join(format!("{}.raw", stage.namespace.name()));
    let rendered = to.join("rendered");
    fs::create_dir_all(&rendered).map_err(failed(&rendered))?;
    for file in ["kustomization.yaml", "minimal.yaml"] {
        let from = Path::new(RENDERED).join(file);
        fs::copy(&from, rendered.join(file)).map_err(failed(&from))?;
    }
    let text = fs::read_to_string(RAW).map_err(failed(Path::new(RAW)))?;
    let namespace = stage.namespace.name();
    let text = text
        .replace("namespace: shop\n", &format!("namespace: {namespace}\n"))
        .replace(".shop.svc", &format!(".{namespace}.svc"))
        .replace("registry.example.com/atelier", "localhost/atelier");
    let own = to.join("raw");
    fs::create_dir_all(&own).map_err(failed(&own))?;
    let file = own.join("kustomization.yaml");
    fs::write(&file, text + &UNVERIFIED.map(unverified).concat()).map_err(failed(&file))?;
    Ok(own)
}

/// One more patch, in the way of the others.
fn unverified((kind, template): (&str, &str)) -> String {
    let value = "{name: ATELIER_DATABASE__SSLMODE, value: require}";
    format!(
        "  - target: {{kind: {kind}}}\n    patch: |\n      - op: add\n        \
         path: {template}/spec/template/spec/containers/0/env/-\n        value: {value}\n"
    )
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> Failure {
    let path = path.to_owned();
    move |source| Failure::File { path, source }
}
