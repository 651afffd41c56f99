//! What the chart lets operators look at: each rule is sound, and each query finds data in a real Prometheus that watches both
//! services at work.

mod dashboards;
mod load;
mod picture;
mod prometheus;
mod proof;
mod rules;
mod system;

use std::path::PathBuf;
use std::time::Duration;

/// Far longer than anything takes that is waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// Whose rules these are: the chart puts others in their places.
const NAMESPACE: &str = "shop";
const RELEASE: &str = "atelier";

/// A file of the repository.
fn repository(path: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "..", path].iter().collect()
}

/// Its text.
fn text(path: &str) -> String {
    std::fs::read_to_string(repository(path)).expect(path)
}
