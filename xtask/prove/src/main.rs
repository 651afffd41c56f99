//! `prove`: one proof of docs/reliability.md, with programs as they ship, a real PostgreSQL, and faults between them.
//!
//! `cargo xtask prove` builds and starts it, and writes down what it says behind `figure:`. Loads and faults are on the loopback
//! address and end after a time that is known before.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it talks to the person who typed it, and to `cargo xtask prove`"
)]

mod cli;
mod error;
mod proofs;
mod stage;
mod store;

use std::process::ExitCode;

use clap::Parser;
use service_kit::chain;

use cli::Cli;

/// What came of a proof.
struct Finding {
    /// In a line, for the table.
    figure: String,
    /// Whether its goal is reached.
    is_met: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    println!("{}: seed {}", cli.name, cli.options.seed);
    match proofs::run(&cli.name, &cli.options).await {
        Ok(Finding { figure, is_met }) => {
            println!("figure: {figure}");
            // A proof that brought up no programs has written none.
            drop(std::fs::remove_file(stage::log()));
            // A control breaks what the proof is about: there, to miss the goal is what must happen.
            if is_met == cli.options.control { ExitCode::FAILURE } else { ExitCode::SUCCESS }
        }
        Err(error) => {
            eprintln!("\nerror: {}", chain(&error));
            ExitCode::FAILURE
        }
    }
}
