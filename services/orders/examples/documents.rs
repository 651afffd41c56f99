//! Prints what is made of the code for people to read; `cargo xtask codegen` puts it into the repository.

use std::io::{Error, Result, Write};

use orders::{Config, Orders, documents};
use service_kit::config;
use service_kit::identity::AuthMode;
use service_kit::service::metrics_table;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let text = match std::env::args().nth(1).as_deref() {
        Some("openapi") => documents::openapi(AuthMode::Token),
        Some("configuration") => config::table::<Config>(),
        Some("metrics") => {
            let catalog = [("ATELIER_CATALOG__URL", "http://127.0.0.1:1/catalog")];
            metrics_table::<Orders>(&catalog).await.map_err(Error::other)?
        }
        _ => return Err(Error::other("say which: openapi, configuration or metrics")),
    };
    std::io::stdout().write_all(text.as_bytes())
}
