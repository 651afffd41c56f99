//! The command line of `cargo xtask e2e`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use crate::gateway::Gateway;

const EXAMPLES: &str = "\
Examples:
  cargo xtask e2e                     # in a cluster that kind makes and deletes
  cargo xtask e2e --keep install      # one case, and a look around afterwards
  cargo xtask e2e --provider existing --kubeconfig FILE \\
      --load 'minikube image load'";

/// Atelier on a real Kubernetes: every case installs the chart in a namespace of its own.
#[derive(Debug, Parser)]
#[command(name = "e2e", bin_name = "cargo xtask e2e", max_term_width = 100, after_help = EXAMPLES)]
pub(crate) struct Cli {
    /// Whose cluster.
    #[arg(long, value_enum, default_value_t = ProviderName::Kind)]
    pub(crate) provider: ProviderName,
    /// How to reach the existing one; nobody's is taken by mistake.
    #[arg(long, value_name = "FILE", required_if_eq("provider", "existing"))]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// What loads a docker-archive into it; else it must have the images.
    #[arg(long, value_name = "COMMAND", requires = "kubeconfig")]
    pub(crate) load: Option<String>,
    /// What `cargo xtask image --with-dev --save` wrote [default: built].
    #[arg(long, value_name = "FOLDER")]
    pub(crate) images: Option<PathBuf>,
    /// PostgreSQL's, instead of the one that k8s/dev names.
    #[arg(long, value_name = "IMAGE")]
    pub(crate) postgres_image: Option<String>,
    /// NGINX's, with a shell: `edge` needs it, but in kind's cluster.
    #[arg(long, value_name = "IMAGE")]
    pub(crate) nginx_image: Option<String>,
    /// The collector's: `traces` needs it, but in kind's cluster.
    #[arg(long, value_name = "IMAGE")]
    pub(crate) collector_image: Option<String>,
    /// What kills its API server, and ends when that answers again.
    #[arg(long, value_name = "COMMAND", requires = "kubeconfig")]
    pub(crate) restart_api_server: Option<String>,
    /// Its Gateway, NAMESPACE/NAME=ADDRESS, for cases that come through it.
    #[arg(long, value_name = "GATEWAY")]
    pub(crate) gateway: Option<Gateway>,
    /// Requests a second of the cases under load, left out without it.
    #[arg(long, value_name = "N", requires = "gateway", value_parser = clap::value_parser!(u32).range(1..=50_000))]
    pub(crate) rate: Option<u32>,
    /// Repeat what is repeated as often as it takes to be sure.
    #[arg(long)]
    pub(crate) long: bool,
    /// Leave out what has not changed since, but for the short set.
    #[arg(long, value_name = "COMMIT")]
    pub(crate) changed_since: Option<String>,
    /// Write there how each case went, as `JUnit`'s XML.
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Leave namespaces and kind's cluster, for a look around.
    #[arg(long)]
    pub(crate) keep: bool,
    /// How many cases run beside each other.
    #[arg(long, value_name = "N", default_value = "2")]
    pub(crate) jobs: NonZeroUsize,
    /// Only the cases whose names contain this.
    pub(crate) filter: Option<String>,
}

/// Where the cluster comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProviderName {
    Kind,
    Existing,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn what_is_written_of_it_is_what_it_understands() {
        manual::check(&Cli::command(), "cargo xtask e2e");
    }

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
