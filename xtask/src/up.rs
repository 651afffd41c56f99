//! `cargo xtask up`: builds the demonstration system and becomes it.
//!
//! The program `up` replaces this process, so Ctrl-C, signals and the exit code reach it without a go-between.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;

use crate::failure::Failure;
use crate::shell;

/// Everything is handed to the program `up`; `cargo xtask up --help` shows its flags.
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Args {
    /// Flags of the program `up`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    forwarded: Vec<OsString>,
}

/// Returns only if something failed before `up` could take over.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    shell::build(&shell::PROGRAMS)?;
    let mut command = shell::program(shell::sibling("up")?);
    command.args(&args.forwarded);
    let source = command.exec();
    Err(Failure::Start { command: shell::describe(&command), source })
}
