//! Everything that can keep a proof from being tried.

use std::io;
use std::process::ExitStatus;

/// Why there is no finding.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProveError {
    #[error("there is no proof called {0}; `cargo xtask prove` lists them")]
    Unknown(Box<str>),
    #[error("this machine does not let us do our work")]
    Place(#[source] io::Error),
    #[error("bench ended with {status} and left no figures")]
    Bench { status: ExitStatus, source: io::Error },
}
