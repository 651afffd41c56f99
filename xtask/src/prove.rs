//! `cargo xtask prove`: proofs that take too long for `cargo xtask test`, each by its name in docs/reliability.md.

mod same_programs;

use crate::failure::Failure;

/// Which proof.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Two builds of the same commit in two folders make the same programs, byte by byte.
    #[command(name = "S7", alias = "s7")]
    S7(same_programs::Args),
}

pub(crate) fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::S7(args) => same_programs::run(args),
    }
}
