//! The proofs by their names. Each is a file: it brings up what it needs, breaks it, and tells what it found.

mod benched;
mod failover;
mod held_connections;
mod killed;
mod link;
mod lost_answers;
mod slow_catalog;
mod soak;

use crate::Finding;
use crate::cli::Options;
use crate::error::ProveError;

/// Tries the proof of this name.
pub(crate) async fn run(name: &str, options: &Options) -> Result<Finding, ProveError> {
    match name {
        "R1" => link::prove(options).await,
        "R14" => slow_catalog::prove(options).await,
        "soak" => soak::prove(options).await,
        "S4" => held_connections::prove(options).await,
        "R2" => lost_answers::prove(options).await,
        "R6" => killed::prove(options).await,
        "failover" => failover::prove(options).await,
        "R4" => benched::prove("crosstalk", options).await,
        "R7" => benched::prove("overload", options).await,
        "R8" => benched::prove("restarts", options).await,
        "R13" => benched::prove("locked", options).await,
        _ => Err(ProveError::Unknown(name.into())),
    }
}
