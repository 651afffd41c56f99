//! The command line of `cargo xtask e2e`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use crate::gateway::Gateway;

/// Atelier on a real Kubernetes: every case installs the chart in a namespace of its own.
#[derive(Debug, Parser)]
#[command(name = "e2e", bin_name = "cargo xtask e2e", max_term_width = 100)]
pub(crate) struct Cli {
    /// Which cluster.
    #[arg(long, value_enum, default_value_t = ProviderName::Kind)]
    pub(crate) provider: ProviderName,
    /// How to reach the existing cluster. There is no default: nobody's selected cluster is taken by mistake.
    #[arg(long, value_name = "FILE", required_if_eq("provider", "existing"))]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// What makes an image known to the existing cluster: called with the path of a docker-archive, as in
    /// `--load 'minikube image load'`. Without it the cluster must have the images.
    #[arg(long, value_name = "COMMAND", requires = "kubeconfig")]
    pub(crate) load: Option<String>,
    /// The folder that `cargo xtask image --with-dev --save FOLDER` wrote [default: built anew, by a quick profile].
    #[arg(long, value_name = "FOLDER")]
    pub(crate) images: Option<PathBuf>,
    /// The image of PostgreSQL, instead of the one that k8s/dev names.
    #[arg(long, value_name = "IMAGE")]
    pub(crate) postgres_image: Option<String>,
    /// An image of NGINX that has a shell, instead of the chart's. Where the cluster is no one of kind's, which fetches that,
    /// the case `edge` is left out without it.
    #[arg(long, value_name = "IMAGE")]
    pub(crate) nginx_image: Option<String>,
    /// The same for the OpenTelemetry collector of k8s/collector and the case `traces`.
    #[arg(long, value_name = "IMAGE")]
    pub(crate) collector_image: Option<String>,
    /// What kills the API server of the existing cluster and starts it again, and ends when it answers. Without it, the case that
    /// needs it is skipped.
    #[arg(long, value_name = "COMMAND", requires = "kubeconfig")]
    pub(crate) restart_api_server: Option<String>,
    /// A Gateway of the cluster that takes routes of all namespaces and speaks HTTP at an address that can be reached from
    /// here, for the cases that come through it, which are left out without it.
    #[arg(long, value_name = "NAMESPACE/NAME=ADDRESS")]
    pub(crate) gateway: Option<Gateway>,
    /// Requests a second of the cases under load, which are left out without it: what a machine carries beside a cluster is
    /// for whoever knows it to say. 500 is the goal; rolling restarts take twice as many.
    #[arg(long, value_name = "N", requires = "gateway", value_parser = clap::value_parser!(u32).range(1..=50_000))]
    pub(crate) rate: Option<u32>,
    /// Cases that repeat something do it as often as it takes to be sure.
    #[arg(long)]
    pub(crate) long: bool,
    /// Leave out the cases whose subjects have not changed since this commit, but for the short set.
    #[arg(long, value_name = "COMMIT")]
    pub(crate) changed_since: Option<String>,
    /// Write how each case went to this file, as `JUnit`'s XML.
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Leave the namespaces, and kind's cluster, for a look around.
    #[arg(long)]
    pub(crate) keep: bool,
    /// How many cases run beside each other; they wait more than they work.
    #[arg(long, value_name = "N", default_value = "2")]
    pub(crate) jobs: NonZeroUsize,
    /// Only the cases whose names contain this.
    pub(crate) filter: Option<String>,
}

/// Where the cluster comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProviderName {
    /// One of its own, made by kind and deleted afterwards.
    Kind,
    /// One that is there.
    Existing,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_existing_cluster_must_be_named() {
        assert!(Cli::try_parse_from(["e2e", "--provider", "existing"]).is_err());
        assert!(Cli::try_parse_from(["e2e", "--provider", "existing", "--kubeconfig", "here"]).is_ok());
    }

    #[test]
    fn kind_is_taken_where_nothing_is_said() {
        assert_eq!(Cli::try_parse_from(["e2e"]).expect("no flags").provider, ProviderName::Kind);
    }
}
