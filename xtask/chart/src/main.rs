//! `chart`: values for the Helm chart from the few facts that only the installer knows.
//! `cargo xtask values` starts it. It never talks to a cluster.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this command talks to the person who typed it"
)]

mod cli;
mod digests;
mod notes;
mod values;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, ValuesArgs, ValuesError};

fn main() -> ExitCode {
    let Cli::Values(args) = Cli::parse();
    match print_values(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            let mut cause = std::error::Error::source(&error);
            while let Some(error) = cause {
                eprintln!("  because: {error}");
                cause = error.source();
            }
            ExitCode::from(64)
        }
    }
}

/// The values on standard output, so that they can become a file; what is left to do on standard error.
fn print_values(args: &ValuesArgs) -> Result<(), ValuesError> {
    let values = args.values()?;
    let yaml = serde_saphyr::to_string(&values).map_err(ValuesError::Yaml)?;
    print!("# Values of the Atelier chart, by `cargo xtask values`.\n{yaml}");
    eprint!("{}", notes::what_is_left(&values));
    Ok(())
}
