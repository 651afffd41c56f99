//! `up`: a whole Atelier on this machine, and the helpers that give tests and code generation a database.
//!
//! `cargo xtask` starts it in the repository's root, with the services built beside it. It never touches a database
//! that it did not start, unless `--database-url` names one.

mod beside;
mod callers;
mod catalog;
mod cli;
mod client;
mod database;
mod demo;
mod error;
mod guard;
mod home;
mod plan;
mod ports;
mod samples;
mod say;
mod server;
mod signals;
mod system;
mod tour;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Helper};

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match cli.helper {
        None => demo::run(cli.demo).await,
        Some(Helper::WithPostgres { command }) => beside::postgres(command).await,
        Some(Helper::WithDatabase { command }) => beside::database(command).await,
    };
    outcome.unwrap_or_else(|error| {
        error::report(&error);
        error.exit_code()
    })
}
