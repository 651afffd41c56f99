//! Prints what is made of the code for people to read; `cargo xtask codegen` puts it into the repository.

use std::io::{Error, Result, Write};

use order_status::{Config, OrderStatus, documents};
use service_kit::config;
use service_kit::identity::AuthMode;
use service_kit::service::metrics_table;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let text = match std::env::args().nth(1).as_deref() {
        Some("openapi") => documents::openapi(AuthMode::Token),
        Some("lifecycle") => documents::lifecycle(),
        Some("problems") => documents::problems(),
        Some("configuration") => config::table::<Config>(),
        Some("metrics") => metrics_table::<OrderStatus>(&[]).await.map_err(Error::other)?,
        _ => return Err(Error::other("say which: openapi, lifecycle, problems, configuration or metrics")),
    };
    std::io::stdout().write_all(text.as_bytes())
}
