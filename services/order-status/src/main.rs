//! The order status service's program. Everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    order_status::main()
}
