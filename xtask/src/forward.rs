//! Commands that are programs of their own, too heavy for this one: built, then handed everything that was typed.
//!
//! The program replaces this process, so Ctrl-C, signals and the exit code reach it without a go-between.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;

use crate::failure::Failure;
use crate::shell;

/// Everything is handed over; `--help` shows the program's flags.
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Args {
    /// Flags of the program.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    forwarded: Vec<OsString>,
}

impl Args {
    /// What was typed.
    pub(crate) fn words(&self) -> impl Iterator<Item = &OsString> {
        self.forwarded.iter()
    }
}

/// Builds `packages` and becomes the program of the first, called with `words` before what was typed.
/// Returns only if something failed before it could take over.
pub(crate) fn to(packages: &[&str], words: &[&str], args: &Args) -> Result<(), Failure> {
    shell::build(packages)?;
    let words: Vec<&OsStr> = words.iter().map(OsStr::new).collect();
    become_program(shell::sibling(packages.first().unwrap_or(&"up"))?, &words, args)
}

/// Becomes `program`, called with `words` before what was typed.
pub(crate) fn become_program(program: PathBuf, words: &[&OsStr], args: &Args) -> Result<(), Failure> {
    let mut command = shell::program(program);
    command.args(words).args(&args.forwarded);
    let source = command.exec();
    Err(Failure::Start { command: shell::describe(&command), source })
}
