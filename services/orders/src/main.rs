//! The orders service's program: parse the command line, hand over.

use std::process::ExitCode;

use clap::Parser;
use orders::Orders;
use service_kit::cli::{self, ServiceArgs};

/// A user's paid custom orders, each with its model from the catalog.
#[derive(Parser)]
#[command(name = "orders", version)]
struct Cli {
    #[command(flatten)]
    args: ServiceArgs,
}

fn main() -> ExitCode {
    match cli::parse::<Cli>() {
        Ok(cli) => service_kit::service::main::<Orders>(&cli.args),
        Err(exit) => exit.into(),
    }
}
