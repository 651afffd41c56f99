//! The command line of the program `order-status`: what every service takes, and `explain`.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use service_kit::cli::{CommonArgs, ServiceArgs, ServiceCommand, parse};

use crate::OrderStatus;
use crate::explain::{ExplainArgs, explain};

const EXAMPLES: &str = "\
Examples:
  order-status --config order-status.toml           # serves until it is stopped
  order-status config check                         # every mistake at once
  order-status doctor                               # does what it needs answer?
  order-status explain --order 7                    # one order and its history";

/// Orders and their lifecycle: requested, accepted, completed, paid, alert.
#[derive(Debug, Parser)]
#[command(name = "order-status", version, after_help = EXAMPLES)]
struct Cli {
    #[command(flatten)]
    common: CommonArgs,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(flatten)]
    Service(ServiceCommand),
    /// Show an order, its events, whether they lead to it, and who may do what next
    Explain(ExplainArgs),
}

/// Does what this process was started for.
pub fn main() -> ExitCode {
    let Cli { common, command } = match parse() {
        Ok(cli) => cli,
        Err(exit) => return exit.into(),
    };
    let command = match command {
        Some(Command::Explain(args)) => return explain(&common, args),
        Some(Command::Service(command)) => Some(command),
        None => None,
    };
    service_kit::service::main::<OrderStatus>(&ServiceArgs { common, command })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn what_is_written_of_it_is_what_it_understands() {
        manual::check(&Cli::command(), "order-status");
    }
}
