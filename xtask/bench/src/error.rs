//! Everything that can go wrong here.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use crate::load::{LoadError, Report};
use crate::store::StoreError;
use rig::system::SystemError;

/// Why there are no figures.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchError {
    #[error("the database does not do what the bench needs")]
    Store(#[from] StoreError),
    #[error("the services do not run")]
    System(#[from] SystemError),
    #[error("no load")]
    Load(#[from] LoadError),
    #[error("the demo catalog cannot listen")]
    Catalog(#[source] io::Error),
    #[error("the link to the database cannot listen")]
    Link(#[source] io::Error),
    #[error("the collector cannot listen")]
    Collector(#[source] io::Error),
    #[error("{} is no report of a run", .path.display())]
    Report { path: PathBuf, source: serde_json::Error },
    #[error("{}", .path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("the figures cannot be written")]
    Json(#[from] serde_json::Error),
    #[error("a population is a multiple of twenty orders, two thousand at least; {0} is not")]
    Population(i64),
    #[error("{orders} orders are too few for {rounds} rounds of growth")]
    Few { orders: i64, rounds: u64 },
    #[error("{what}: a server that answers quickly but wrongly is not measured: {report:#?}")]
    Wrong { what: &'static str, report: Box<Report> },
    #[error("{what}: {good} answers said yes, but the database has only {written} new rows")]
    NotWritten { what: &'static str, good: u64, written: i64 },
    #[error("`{program}` could not be started")]
    Start { program: &'static str, source: io::Error },
    #[error("`{program}` ended with {status}: {said}")]
    Ended { program: &'static str, status: ExitStatus, said: String },
    #[error("`{program}` printed something else than was expected: {said}")]
    Unread { program: &'static str, said: String },
    #[error(
        "the peers' compare ended with {status}; what it says is above. A peer that is not built: run `build` in that folder first"
    )]
    Peers { status: ExitStatus },
    #[error("no balancer")]
    Balancer(#[from] testkit::balancer::BalancerError),
    #[error("{what}: not done when the load ended, but after {took:?}")]
    Late { what: &'static str, took: Duration },
    #[error(transparent)]
    TimedOut(#[from] testkit::wait::TimedOut),
    #[error("stopped")]
    Stopped,
}

impl BenchError {
    /// For `map_err`: a failure about `path`.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}
