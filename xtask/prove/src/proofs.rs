//! The proofs by their names. Each is a file: it brings up what it needs, breaks it, and tells what it found.

mod benched;

use crate::Finding;
use crate::cli::Options;
use crate::error::ProveError;

/// Tries the proof of this name.
pub(crate) async fn run(name: &str, options: &Options) -> Result<Finding, ProveError> {
    match name {
        "R4" => benched::prove("crosstalk", options).await,
        "R8" => benched::prove("restarts", options).await,
        "R13" => benched::prove("locked", options).await,
        _ => Err(ProveError::Unknown(name.into())),
    }
}
