//! Everything that can keep a proof from being tried.

use std::io;
use std::process::ExitStatus;

use testkit::HistoryError;
use testkit::database::TemplateError;
use testkit::postgres::ServerError;
use testkit::wait::TimedOut;

use crate::store::QueryError;

/// Why there is no finding.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProveError {
    #[error("there is no proof called {0}; `cargo xtask prove` lists them")]
    Unknown(Box<str>),
    #[error("this machine does not let us do our work")]
    Place(#[source] io::Error),
    #[error("bench ended with {status} and left no figures")]
    Bench { status: ExitStatus, source: io::Error },
    #[error("no database server")]
    Server(#[from] ServerError),
    #[error("the schema could not be made")]
    Install(#[from] TemplateError),
    #[error(transparent)]
    Query(#[from] QueryError),
    #[error("the history law does not hold")]
    Law(#[from] HistoryError),
    #[error("the services do not run")]
    System(#[from] rig::system::SystemError),
    #[error("the services cannot be asked")]
    Target(#[from] load_generator::TargetError),
    #[error(transparent)]
    TimedOut(#[from] TimedOut),
}
