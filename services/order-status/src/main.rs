//! The order status service's program: parse the command line, hand over.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use order_status::{ExplainArgs, OrderStatus, explain};
use service_kit::cli::{self, CommonArgs, ServiceArgs, ServiceCommand};

/// Orders and their lifecycle: requested, accepted, completed, paid, alert.
#[derive(Parser)]
#[command(name = "order-status", version)]
struct Cli {
    #[command(flatten)]
    common: CommonArgs,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    #[command(flatten)]
    Service(ServiceCommand),
    /// Show an order, its events, whether they lead to it, and who may do what next
    Explain(ExplainArgs),
}

fn main() -> ExitCode {
    let Cli { common, command } = match cli::parse() {
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
