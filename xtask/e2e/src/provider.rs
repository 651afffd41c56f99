//! Where the cluster comes from, how it gets images, and what becomes of it.

pub(crate) mod kind;

use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::cli::{Cli, ProviderName};
use crate::error::Failure;
use crate::program;
use kind::Kind;

/// A cluster that can be used.
pub(crate) enum Provider {
    /// One that kind makes for this run.
    Kind(Kind),
    /// Somebody's, which stays as it was but for our namespaces.
    Existing { kubeconfig: PathBuf, load: Option<String> },
}

impl Provider {
    /// What was asked for; nothing is made yet. Files of its own go into `folder`.
    pub(crate) fn choose(cli: &Cli, folder: &Path) -> Result<Self, Failure> {
        match (cli.provider, &cli.kubeconfig) {
            (ProviderName::Existing, Some(kubeconfig)) => {
                Ok(Self::Existing { kubeconfig: kubeconfig.clone(), load: cli.load.clone() })
            }
            (ProviderName::Kind, None) => Ok(Self::Kind(Kind::new("kind", Vec::new(), folder))),
            _ => Err(Failure::WhichCluster),
        }
    }

    /// Makes the cluster, if it is ours to make.
    pub(crate) async fn up(&self) -> Result<(), Failure> {
        match self {
            Self::Kind(kind) => kind.up().await,
            Self::Existing { .. } => Ok(()),
        }
    }

    /// How to reach it.
    pub(crate) fn kubeconfig(&self) -> &Path {
        match self {
            Self::Kind(kind) => kind.kubeconfig(),
            Self::Existing { kubeconfig, .. } => kubeconfig,
        }
    }

    /// Makes the images of a docker-archive known to it.
    pub(crate) async fn load(&self, archive: &Path) -> Result<(), Failure> {
        match self {
            Self::Kind(kind) => kind.load(archive).await,
            Self::Existing { load: None, .. } => Ok(()),
            Self::Existing { load: Some(command), .. } => {
                let mut shell = Command::new("sh");
                shell.args(["-c", &format!("{command} \"$1\""), "sh"]).arg(archive);
                program::output(&mut shell).await.map(drop)
            }
        }
    }

    /// Ends it, if it is ours to end. Harmless if it was never made.
    pub(crate) async fn down(&self) -> Result<(), Failure> {
        match self {
            Self::Kind(kind) => kind.down().await,
            Self::Existing { .. } => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[tokio::test]
    async fn the_load_command_is_called_with_the_path_of_the_archive_as_one_word() {
        let folder = temporary_folder("load");
        let told = folder.join("told");
        let load = format!("printf '%s|' load > '{}' && printf '%s' >> '{}'", told.display(), told.display());
        let words = ["e2e", "--provider", "existing", "--kubeconfig", "here", "--load", load.as_str()];
        let provider = Provider::choose(&Cli::parse_from(words), &folder).expect("an existing cluster");
        provider.load(Path::new("an archive.tar")).await.expect("loaded");
        assert_eq!(std::fs::read_to_string(&told).expect("told"), "load|an archive.tar");
        std::fs::remove_dir_all(&folder).expect("removed");
    }

    #[test]
    fn a_cluster_that_is_named_is_never_exchanged_for_one_of_kinds() {
        let cli = Cli::parse_from(["e2e", "--kubeconfig", "here"]);
        assert!(matches!(Provider::choose(&cli, Path::new("")), Err(Failure::WhichCluster)));
    }

    fn temporary_folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("atelier-e2e-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        folder
    }
}
