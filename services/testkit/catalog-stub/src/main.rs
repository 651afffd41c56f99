//! `catalog-stub`: the demo catalog as a program, for clusters and machines that have no catalog of their own.
//!
//! It is told where to listen and nothing else. It keeps and prints nothing of what it is asked.

use std::io::{self, Write};
use std::net::SocketAddr;

use catalog_stub::{Catalog, demo};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

/// A catalog with a dozen models, at /catalog, until it is told to stop.
#[derive(Parser)]
#[command(name = "catalog-stub", version)]
struct Cli {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "HOST:PORT")]
    listen: SocketAddr,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let cli = Cli::parse();
    // The first process of a container is killed by no signal that it does not listen for.
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let catalog = Catalog::listen(cli.listen, demo::models()).await?;
    writeln!(io::stdout(), "serving {}", catalog.base_url())?;
    tokio::select! {
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
    }
    Ok(())
}
