//! `bench`: what Atelier does a second, what a request costs, and whether it stays so as it grows.
//!
//! `cargo xtask bench` builds and starts it in the repository's root, with the services built beside it. Loads go to services of its
//! own on the loopback address and end after a time that is known before.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it talks to the person who typed it, and to its own load generator"
)]

mod cli;
mod error;
mod load;
mod measure;
mod pgbench;
mod population;
mod report;
mod rounds;
mod rows;
mod run;
mod statistics;
mod store;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;
use service_kit::chain;

use cli::{Cli, Helper};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome: Result<ExitCode, Box<dyn Error>> = match cli.helper {
        // One thread, so that it takes one processor at most.
        Some(Helper::Load) => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime
                .map_err(Into::into)
                .and_then(|runtime| Ok(runtime.block_on(load::serve())?))
                .map(|()| ExitCode::SUCCESS)
        }
        None => {
            let runtime = tokio::runtime::Runtime::new();
            runtime.map_err(Into::into).and_then(|runtime| Ok(runtime.block_on(run::run(cli.options))?))
        }
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("\nerror: {}", chain(&*error));
        ExitCode::FAILURE
    })
}
