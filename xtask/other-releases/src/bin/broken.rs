//! The programs of the release after this one, with a migration that fails.

use std::process::ExitCode;

fn main() -> ExitCode {
    other_releases::main::<{ other_releases::AFTER }>(other_releases::broken())
}
