//! A controller that runs here and not in a pod, with the rights of the one that the chart installs: what ends it in the middle of
//! something is a signal that nobody can catch, which no pod can be given from outside.

use std::process::Stdio;

use tokio::process::{Child, Command};

use super::site::{ACCOUNT, Site};
use crate::error::Failure;
use crate::program;

/// It ends with this value.
pub(super) struct Controller(Child);

impl Controller {
    /// Starts it; as the container of a pod does, it comes back under the name that it had.
    pub(super) fn start(site: &Site<'_>) -> Result<Self, Failure> {
        let namespace = site.stage.namespace.name();
        let path = site.stage.setting.folder.join(format!("{namespace}.controller.log"));
        let log = std::fs::OpenOptions::new().create(true).append(true).open(&path);
        let log = log.map_err(|source| Failure::File { path, source })?;
        let mut command = Command::new(program::sibling("migrator")?);
        command.args(["controller", "--identity", "outside", "--namespace", namespace]);
        command.args(["--allowed-image-prefix", "localhost/atelier", "--verify-interval-seconds", "10"]);
        command.args(["--ops-listen", "127.0.0.1:0"]).env("KUBECONFIG", site.kubeconfig_as(ACCOUNT)?);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).kill_on_drop(true);
        let started = command.spawn();
        started
            .map(Self)
            .map_err(|source| Failure::Start { command: "migrator controller".to_owned(), source })
    }

    /// Kills it, and waits until it is gone.
    pub(super) async fn kill(mut self) -> Result<(), Failure> {
        let path = "the controller".into();
        self.0.kill().await.map_err(|source| Failure::File { path, source })
    }
}
