//! The order status service's program: parse the command line, hand over.

use std::process::ExitCode;

use clap::Parser;
use order_status::OrderStatus;
use service_kit::cli::ServiceArgs;

/// Orders and their lifecycle: requested, accepted, completed, paid, alert.
#[derive(Parser)]
#[command(name = "order-status", version)]
struct Cli {
    #[command(flatten)]
    args: ServiceArgs,
}

fn main() -> ExitCode {
    service_kit::service::main::<OrderStatus>(&Cli::parse().args)
}
