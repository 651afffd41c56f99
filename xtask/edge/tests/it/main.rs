//! The edge as callers meet it: the real NGINX with the files of `k8s/edge`, before the real services or doubles that tell what
//! reached them. Only what is of one place (`site.*.conf`) is changed, line by line. And the proxy that somebody adopts by.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says by panicking that something is not as it should be"
)]

mod adopting;
mod browser;
mod chart;
mod client;
mod cors;
mod double;
mod identity;
mod log;
mod nginx;
mod rate;
mod refusals;
mod rotation;
mod routes;
mod slow;
mod system;
mod upstream;

use std::path::PathBuf;
use std::time::Duration;

/// Far longer than anything takes that is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// The origin of the pages that may call, as `k8s/edge/site.conf` has it.
const ORIGIN: &str = "https://shop.example.com";

/// A file or folder of the repository.
fn repository(path: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "..", path].iter().collect()
}
