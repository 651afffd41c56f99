//! The command line of `cargo xtask up`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

const EXAMPLES: &str = "\
Examples:
  cargo xtask up                                  # until Ctrl-C; the data stays
  cargo xtask up --reset --port-status 6017       # from nothing, elsewhere
  cargo xtask up --once                           # walk the tour, then end
  cargo xtask up --token --run sh -c 'curl $ORDERS_URL/orders/user/ada'";

/// A whole Atelier on this machine: PostgreSQL, migrations, both services, a demo catalog and sample orders.
#[derive(Debug, Parser)]
#[command(
    name = "up",
    bin_name = "cargo xtask up",
    max_term_width = 100,
    after_help = EXAMPLES,
    args_conflicts_with_subcommands = true
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) demo: Demo,
    #[command(subcommand)]
    pub(crate) helper: Option<Helper>,
}

/// How the demonstration system is set up.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Use this database (`postgres://…`) instead of a server of our own; it gets the schema and the sample orders.
    #[arg(long, value_name = "URL", conflicts_with = "reset")]
    pub(crate) database_url: Option<String>,
    /// Port of the order status service [default: 5017]; its operations port is 4000 above.
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..=61_535))]
    pub(crate) port_status: Option<u16>,
    /// Port of the orders service [default: 5019]; its operations port is 4000 above.
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..=61_535))]
    pub(crate) port_orders: Option<u16>,
    /// Start from nothing: the data of earlier runs is deleted.
    #[arg(long)]
    pub(crate) reset: bool,
    /// Where data and logs are kept [default: .atelier in the repository; for root, a folder under /var/tmp].
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data: Option<PathBuf>,
    /// Prove that it works: bring everything up, walk the tour, check its answers, take everything down.
    /// Without other flags it uses free ports and a folder that it deletes.
    #[arg(long)]
    pub(crate) once: bool,
    /// Bring everything up, run this command beside it, take everything down, and end as the command did.
    /// The command finds the services at `ORDER_STATUS_URL` and `ORDERS_URL`. Ports and folder are as with --once.
    #[arg(long, value_name = "COMMAND", num_args = 1.., allow_hyphen_values = true, conflicts_with = "once")]
    pub(crate) run: Vec<OsString>,
    /// With --run: callers are known by token instead of being believed. The command finds one in `BEARER_TOKEN`, Ada's, who
    /// is also the maker Maren and an operator, and that of a stranger in `BEARER_TOKEN_OF_STRANGER`. There are no sample
    /// orders then.
    #[arg(long, requires = "run")]
    pub(crate) token: bool,
}

impl Demo {
    /// Whether nobody is to come back to it: any ports will do, and a folder that is deleted.
    pub(crate) fn ends_by_itself(&self) -> bool {
        self.once || !self.run.is_empty()
    }
}

/// What `cargo xtask test` and `cargo xtask codegen` ask of this program.
#[derive(Debug, Subcommand)]
pub(crate) enum Helper {
    /// Run a command beside an empty server that lives as long as it: `ATELIER_TEST_POSTGRES_URL`.
    #[command(hide = true)]
    WithPostgres {
        /// The command and its arguments.
        #[arg(last = true, required = true)]
        command: Vec<OsString>,
    },
    /// Run a command beside a migrated database that lives as long as it: `DATABASE_URL`.
    #[command(hide = true)]
    WithDatabase {
        /// The command and its arguments.
        #[arg(last = true, required = true)]
        command: Vec<OsString>,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn what_is_written_of_it_is_what_it_understands() {
        manual::check(&Cli::command(), "cargo xtask up");
    }

    #[test]
    fn a_helper_takes_the_rest_as_its_command() {
        let cli = Cli::parse_from(["up", "with-postgres", "--", "cargo", "test", "--", "--exact"]);
        let Some(Helper::WithPostgres { command }) = cli.helper else { panic!("should be the helper") };
        assert_eq!(command, ["cargo", "test", "--", "--exact"]);
    }

    #[test]
    fn a_command_beside_the_system_keeps_its_own_flags() {
        let cli = Cli::parse_from(["up", "--token", "--run", "sh", "-c", "true", "--once"]);
        assert!(cli.demo.token && cli.demo.ends_by_itself() && !cli.demo.once);
        assert_eq!(cli.demo.run, ["sh", "-c", "true", "--once"]);
    }

    #[test]
    fn a_given_database_is_never_reset() {
        assert!(Cli::try_parse_from(["up", "--reset", "--database-url", "postgres://localhost/a"]).is_err());
    }

    #[test]
    fn a_port_leaves_room_for_the_operations_port_above_it() {
        assert!(Cli::try_parse_from(["up", "--port-status", "61536"]).is_err());
        assert!(Cli::try_parse_from(["up", "--port-status", "61535"]).is_ok());
    }
}
