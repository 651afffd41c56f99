//! Prints what is made of the code for people to read; `cargo xtask codegen` puts it into the repository.

use std::io::{Error, Result, Write};

use orders::documents;
use service_kit::identity::AuthMode;

fn main() -> Result<()> {
    let text = match std::env::args().nth(1).as_deref() {
        Some("openapi") => documents::openapi(AuthMode::Token),
        _ => return Err(Error::other("say which: openapi")),
    };
    std::io::stdout().write_all(text.as_bytes())
}
