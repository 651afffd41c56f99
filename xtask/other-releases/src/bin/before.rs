//! The programs of the release before this one.

use std::process::ExitCode;

fn main() -> ExitCode {
    other_releases::main::<{ other_releases::BEFORE }>(other_releases::before())
}
