//! `e2e`: Atelier on a real Kubernetes, from nothing to paid orders, and through what goes wrong there.
//!
//! `cargo xtask e2e` starts it in the repository's root, with `chart` and `xtask` built beside it. It works in namespaces
//! of its own, in a cluster that it made or that was named by its kubeconfig; it never takes the one that happens to be
//! selected.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this program talks to the person who typed it"
)]

mod cases;
mod cli;
mod database;
mod error;
mod gateway;
mod images;
mod namespace;
mod neighbour;
mod orders;
mod program;
mod provider;
mod questions;
mod release;
mod run;
mod sets;
mod stage;
mod summary;
mod traffic;
mod way;

use std::process::ExitCode;

use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    // The first TLS client needs it; that somebody was faster is no error.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match run::run(cli::Cli::parse()).await {
        Ok(summary) => summary.exit_code(),
        Err(failure) => {
            eprintln!("\nerror: {}", error::chain(&failure));
            ExitCode::FAILURE
        }
    }
}
