//! Prints what is made of the code for people to read; `cargo xtask codegen` puts it into the repository.

use std::io::{Error, Result, Write};

fn main() -> Result<()> {
    let text = match std::env::args().nth(1).as_deref() {
        Some("metrics") => migrator::cli::metrics_table(),
        _ => return Err(Error::other("say what: metrics")),
    };
    std::io::stdout().write_all(text.as_bytes())
}
