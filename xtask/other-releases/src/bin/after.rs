//! The programs of the release after this one.

use std::process::ExitCode;

fn main() -> ExitCode {
    other_releases::main::<{ other_releases::AFTER }>(other_releases::after())
}
