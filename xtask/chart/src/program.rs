//! What this program does with its command line.

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;

use crate::charts::Chart;
use crate::cli::{Cli, ValuesArgs, ValuesError};
use crate::notes;
use crate::reference::{Options, ReferenceError, schema, table};
use crate::{rendered, schemas};

/// Does what was asked for.
pub fn main() -> ExitCode {
    match Cli::parse() {
        Cli::Values(args) => exit(print_values(&args)),
        Cli::Schema { chart } => exit(print_schema(chart)),
        Cli::Table { chart } => exit(print_table(chart)),
        Cli::Rendered { folder } => exit(rendered::write(&folder)),
        Cli::Schemas { from, to } => exit(schemas::rewrite(&from, &to)),
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

fn print_schema(chart: Chart) -> Result<(), ReferenceError> {
    println!("{:#}", schema(chart, &Options::of_chart(chart)?)?);
    Ok(())
}

fn print_table(chart: Chart) -> Result<(), ReferenceError> {
    print!("{}", table(&Options::of_chart(chart)?));
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
