//! The migrator's program: this release's files, handed over. Everything else is in the library.

use std::process::ExitCode;

use migrator::migrate::MigrationSet;

fn main() -> ExitCode {
    migrator::cli::main(MigrationSet::embedded())
}
