//! `chart`, the program; everything is in the library, where the tests are too.

use std::process::ExitCode;

fn main() -> ExitCode {
    chart::main()
}
