//! A cluster made by kind (Kubernetes in Docker), with a name and a kubeconfig of its own, so that it meets nobody else's.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::error::Failure;
use crate::program;

/// What kind 0.33 was released with. The digest is the image: its makers build a tag anew for each release of kind.
const NODE_IMAGE: &str =
    "kindest/node:v1.36.4@sha256:099e049362a1526b2db71494e1947aae99bd16290d7c895f2b7ea312e3cbfaed";
/// The one that the documents have readers make: what is proven is proven of that.
const SHAPE: &str = "k8s/kind.yaml";
const READY_MAX: &str = "180s";

/// One cluster of kind's.
pub(crate) struct Kind {
    program: &'static str,
    /// Words before all others, for whoever is called instead of kind.
    first: Vec<PathBuf>,
    name: String,
    kubeconfig: PathBuf,
}

impl Kind {
    /// Calls `program`, with `first` before all other words. Nothing is made yet.
    pub(super) fn new(program: &'static str, first: Vec<PathBuf>, folder: &Path) -> Self {
        let name = format!("atelier-e2e-{}", std::process::id());
        let kubeconfig = folder.join(format!("{name}.kubeconfig"));
        Self { program, first, name, kubeconfig }
    }

    pub(super) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    pub(super) async fn up(&self) -> Result<(), Failure> {
        let mut command = self.command(&["create", "cluster"]);
        command.args(["--config", SHAPE, "--image", NODE_IMAGE, "--wait", READY_MAX]);
        command.arg("--kubeconfig").arg(&self.kubeconfig);
        program::output(&mut command).await.map(drop)
    }

    pub(super) async fn load(&self, archive: &Path) -> Result<(), Failure> {
        let mut command = self.command(&["load", "image-archive"]);
        program::output(command.arg(archive)).await.map(drop)
    }

    /// A cluster that was never made, or only in part, is no failure to kind.
    pub(super) async fn down(&self) -> Result<(), Failure> {
        let mut command = self.command(&["delete", "cluster"]);
        program::output(command.arg("--kubeconfig").arg(&self.kubeconfig)).await.map(drop)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(self.program);
        command.args(&self.first).args(words).args(["--name", &self.name]);
        command
    }
}

#[cfg(test)]
pub(crate) mod double;

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::double::Double;
    use super::*;

    #[tokio::test]
    async fn a_cluster_has_a_pinned_node_and_a_kubeconfig_of_its_own_and_is_deleted_by_its_name() {
        let double = Double::new("life");
        let kind = double.kind();
        kind.up().await.expect("up");
        kind.load(Path::new("orders.tar")).await.expect("loaded");
        kind.down().await.expect("down");
        let (name, file) = (&kind.name, kind.kubeconfig.display());
        let expected = [
            format!(
                "create cluster --name {name} --config {SHAPE} --image {NODE_IMAGE} --wait {READY_MAX} \
                 --kubeconfig {file}"
            ),
            format!("load image-archive --name {name} orders.tar"),
            format!("delete cluster --name {name} --kubeconfig {file}"),
        ];
        assert_eq!(double.calls(), expected);
        assert!(NODE_IMAGE.contains("@sha256:"), "a tag alone can become another image");
    }

    #[test]
    fn the_documents_and_the_proof_have_one_cluster_where_spreading_can_be_seen() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(SHAPE);
        let text = std::fs::read_to_string(path).expect("the file");
        let shape: Value = serde_saphyr::from_str(&text).expect("YAML");
        assert_eq!(shape["apiVersion"], "kind.x-k8s.io/v1alpha4");
        let workers = shape["nodes"].as_array().into_iter().flatten().filter(|node| node["role"] == "worker");
        assert_eq!(workers.count(), 2);
    }

    #[tokio::test]
    async fn a_missing_kind_is_told_with_where_to_read_how_to_get_it() {
        let kind = Kind::new("no-such-kind", Vec::new(), Path::new("."));
        let failure = kind.up().await.expect_err("it is not there").to_string();
        assert!(failure.contains("no-such-kind create cluster"), "{failure}");
        assert!(failure.contains("cargo xtask tools"), "{failure}");
    }

    #[tokio::test]
    async fn what_kind_says_when_it_fails_is_told() {
        let double = Double::new("fails");
        double.fails_at("create");
        let failure = double.kind().up().await.expect_err("it fails").to_string();
        assert!(failure.contains("create cluster") && failure.ends_with("no space left"), "{failure}");
    }
}
