//! The command line of `cargo xtask bench`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

const EXAMPLES: &str = "\
Examples:
  cargo xtask bench --quick                     # what time cannot change
  cargo xtask bench --only throughput,lone --rounds 2 --seconds 2
  cargo xtask bench --json bench.json           # everything; it takes hours";

/// What Atelier does a second, what a request costs, and whether it stays so as it grows: each figure against its goal.
#[derive(Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench", max_term_width = 100, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) options: Options,
    #[command(subcommand)]
    pub(crate) helper: Option<Helper>,
}

/// What this program starts itself.
#[derive(Subcommand)]
pub(crate) enum Helper {
    /// The load generator; what to do comes by standard input.
    #[command(hide = true)]
    Load,
}

/// What is measured, and how thoroughly.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Only these groups of rows, as docs/performance.md lists them.
    #[arg(long, value_delimiter = ',', value_name = "GROUP", hide_possible_values = true)]
    pub(crate) only: Vec<Group>,
    /// Only what time cannot change, on a small population; ends with 1 if such a goal is missed.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Rounds of everything that is timed; fewer than seven are no evidence.
    #[arg(long, default_value_t = 7, value_name = "N")]
    pub(crate) rounds: u64,
    /// Seconds of each timed run.
    #[arg(long, default_value_t = 6.0, value_name = "S")]
    pub(crate) seconds: f64,
    /// Orders of the growth rows, smallest first.
    #[arg(long, value_delimiter = ',', default_values_t = [100_000, 1_000_000, 10_000_000], value_name = "N")]
    pub(crate) orders: Vec<i64>,
    /// The folder of the peers and of their `compare`; without it there are no rows against peers.
    #[arg(long, value_name = "DIR")]
    pub(crate) peers: Option<PathBuf>,
    /// Peers by name.
    #[arg(long, value_delimiter = ',', default_values_t = ["gin".to_owned(), "fastapi".to_owned()], value_name = "NAME")]
    pub(crate) against: Vec<String>,
    /// A folder with other builds of order-status and orders to measure, instead of those that were built for this run.
    #[arg(long, value_name = "DIR")]
    pub(crate) programs: Option<PathBuf>,
    /// Measure nothing: show the raw figures of earlier runs as one, the oldest first.
    #[arg(long, value_delimiter = ',', value_name = "FILE")]
    pub(crate) from: Vec<PathBuf>,
    /// Where raw figures go.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Where the chart goes.
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// Where the plans of the services' statements go, as they were on the largest growth database.
    #[arg(long, value_name = "FILE")]
    pub(crate) plans: Option<PathBuf>,
    /// Write the baseline of the instruction counts anew.
    #[arg(long)]
    pub(crate) renew_baseline: bool,
}

/// Rows that are measured together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Group {
    /// Statements per request, and how many requests share one.
    Trips,
    /// Every answer of a mixture of everything, held against what is known.
    Crosstalk,
    /// Calls to the catalog for each model; a cold list against one look-up after another.
    Cold,
    /// Moves that touch no index.
    Hot,
    /// Instructions of the rules.
    Instructions,
    /// Requests a second and what one costs; pgbench; the control.
    Throughput,
    /// A client that is alone, with and without batching.
    Lone,
    /// What logs cost.
    Telemetry,
    /// Time until ready, sizes of images.
    Footprint,
    /// Five times more than it can do.
    Overload,
    /// One order is locked by somebody else.
    Locked,
    /// The way to the database falls silent, and comes back.
    Silence,
    /// Instances restarted under load.
    Restarts,
    /// The same calls as the number of orders grows.
    Growth,
    /// Against other implementations of the contract.
    Peers,
}

impl Group {
    /// As it is typed.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Trips => "trips",
            Self::Crosstalk => "crosstalk",
            Self::Cold => "cold",
            Self::Hot => "hot",
            Self::Instructions => "instructions",
            Self::Throughput => "throughput",
            Self::Lone => "lone",
            Self::Telemetry => "telemetry",
            Self::Footprint => "footprint",
            Self::Overload => "overload",
            Self::Locked => "locked",
            Self::Silence => "silence",
            Self::Restarts => "restarts",
            Self::Growth => "growth",
            Self::Peers => "peers",
        }
    }

    fn is_sure(self) -> bool {
        self <= Self::Instructions
    }
}

impl Options {
    /// The chosen groups, cheap ones first.
    pub(crate) fn groups(&self) -> Vec<Group> {
        let is_chosen = |group: &Group| {
            if self.only.is_empty() {
                (!self.quick || group.is_sure()) && (*group != Group::Peers || self.peers.is_some())
            } else {
                self.only.contains(group)
            }
        };
        Group::value_variants().iter().copied().filter(is_chosen).collect()
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn what_is_written_of_it_is_what_it_understands() {
        manual::check(&Cli::command(), "cargo xtask bench");
    }

    fn groups(words: &[&str]) -> Vec<Group> {
        let typed = std::iter::once(&"bench").chain(words);
        Cli::try_parse_from(typed).map(|cli| cli.options.groups()).expect("should be understood")
    }

    #[test]
    fn quick_leaves_out_whatever_time_could_change() {
        let chosen = groups(&["--quick"]);
        assert_eq!(chosen, [Group::Trips, Group::Crosstalk, Group::Cold, Group::Hot, Group::Instructions]);
    }

    #[test]
    fn a_group_that_is_named_is_run_even_where_it_is_quick() {
        assert_eq!(groups(&["--quick", "--only", "overload,trips"]), [Group::Trips, Group::Overload]);
    }

    #[test]
    fn peers_are_measured_where_they_are() {
        assert!(
            !groups(&[]).contains(&Group::Peers) && groups(&["--peers", "there"]).contains(&Group::Peers)
        );
    }

    #[test]
    fn sizes_are_a_list() {
        let cli = Cli::try_parse_from(["bench", "--orders", "2000,4000"]).expect("should be understood");
        assert_eq!(cli.options.orders, [2000, 4000]);
    }
}
