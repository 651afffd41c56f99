//! `chart`: values for the Helm chart from the few facts that only the installer knows, and what is generated of the
//! chart's own values. `cargo xtask values` and `codegen` start it. It never talks to a cluster.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this command talks to the person who typed it"
)]

mod cli;
mod digests;
mod notes;
mod reference;
mod values;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, ValuesArgs, ValuesError};
use reference::{Options, ReferenceError};

fn main() -> ExitCode {
    match Cli::parse() {
        Cli::Values(args) => exit(print_values(&args)),
        Cli::Schema => exit(print_schema()),
        Cli::Table => exit(print_table()),
    }
}

fn exit(outcome: Result<(), impl Error>) -> ExitCode {
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    eprintln!("error: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        eprintln!("  because: {error}");
        cause = error.source();
    }
    ExitCode::from(64)
}

fn print_schema() -> Result<(), ReferenceError> {
    println!("{:#}", reference::schema(&Options::of_chart()?)?);
    Ok(())
}

fn print_table() -> Result<(), ReferenceError> {
    print!("{}", reference::table(&Options::of_chart()?));
    Ok(())
}

/// The values on standard output, so that they can become a file; what is left to do on standard error.
fn print_values(args: &ValuesArgs) -> Result<(), ValuesError> {
    let values = args.values()?;
    let yaml = serde_saphyr::to_string(&values).map_err(ValuesError::Yaml)?;
    print!("# Values of the Atelier chart, by `cargo xtask values`.\n{yaml}");
    eprint!("{}", notes::what_is_left(&values));
    Ok(())
}
