//! The orders service's program. Everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    orders::main()
}
