//! The order status service's program: parse the command line, hand over.

use std::process::ExitCode;

use clap::Parser;
use order_status::OrderStatus;
use service_kit::cli::{self, ServiceArgs};

/// Orders and their lifecycle: requested, accepted, completed, paid, alert.
#[derive(Parser)]
#[command(name = "order-status", version)]
struct Cli {
    #[command(flatten)]
    args: ServiceArgs,
}

fn main() -> ExitCode {
    match cli::parse::<Cli>() {
        Ok(cli) => service_kit::service::main::<OrderStatus>(&cli.args),
        Err(exit) => exit.into(),
    }
}
