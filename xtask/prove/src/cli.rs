//! The command line, as `cargo xtask prove` writes it.

use std::path::PathBuf;

use clap::{Args, Parser};

/// One proof of docs/reliability.md.
#[derive(Parser)]
#[command(name = "prove", max_term_width = 100)]
pub(crate) struct Cli {
    /// Its name there.
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) options: Options,
}

/// How it is run.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// The folder with order-status and orders.
    #[arg(long, value_name = "DIR")]
    pub(crate) programs: PathBuf,
    /// The program that measures, for rows that it measures.
    #[arg(long, value_name = "FILE")]
    pub(crate) bench: PathBuf,
    /// Less of everything.
    #[arg(long)]
    pub(crate) short: bool,
    /// Break what the proof is about.
    #[arg(long)]
    pub(crate) control: bool,
    /// What chance hangs on.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) seed: u64,
    /// How long a soak lasts.
    #[arg(long, default_value_t = 60, value_name = "N")]
    pub(crate) minutes: u32,
}

impl Options {
    /// The long form's number, or the short form's.
    pub(crate) fn either<T>(&self, long: T, short: T) -> T {
        if self.short { short } else { long }
    }
}
