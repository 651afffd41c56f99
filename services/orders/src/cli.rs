//! The command line of the program `orders`: what every service takes.

use std::process::ExitCode;

use clap::Parser;
use service_kit::cli::{ServiceArgs, parse};

use crate::Orders;

const EXAMPLES: &str = "\
Examples:
  orders --config orders.toml           # serves until it is stopped
  orders config check                   # every mistake at once
  orders doctor                         # does what it needs answer?
  orders ask http://127.0.0.1:5019/orders/user/ada --expect 401";

/// A user's paid custom orders, each with its model from the catalog.
#[derive(Debug, Parser)]
#[command(name = "orders", version, after_help = EXAMPLES)]
struct Cli {
    #[command(flatten)]
    args: ServiceArgs,
}

/// Does what this process was started for.
pub fn main() -> ExitCode {
    match parse::<Cli>() {
        Ok(cli) => service_kit::service::main::<Orders>(&cli.args),
        Err(exit) => exit.into(),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn what_is_written_of_it_is_what_it_understands() {
        manual::check(&Cli::command(), "orders");
    }
}
