//! Everything that can go wrong here, each in words that say what to do next.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{ExitCode, ExitStatus};

use crate::client::HttpError;
use crate::database::DatabaseError;
use crate::samples::SampleError;
use crate::say::complain;
use crate::server::ServerError;
use crate::signals::Stopped;
use crate::tour::TourError;

/// Why `up` or one of its helpers ended otherwise than well.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UpError {
    #[error("stopped by signal {}", .0.0)]
    Stopped(Stopped),
    #[error("signals cannot be received")]
    Signals(#[source] std::io::Error),
    #[error("{}", .path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error(
        "another `cargo xtask up` (process {pid}) runs from {}.\n\
         Stop it (`kill {pid}`), or start this one with other ports and a folder of its own:\n\
         cargo xtask up --port-status 5117 --port-orders 5119 --data FOLDER",
        .folder.display()
    )]
    AlreadyUp { folder: PathBuf, pid: String },
    #[error(
        "{} belongs to user {uid}, not to you: choose another folder with --data, or have it removed",
        .folder.display()
    )]
    NotOurs { folder: PathBuf, uid: u32 },
    #[error(
        "PostgreSQL refuses to work for root, so it works as \"nobody\" here, and nobody but root may enter {}: \
         {} cannot hold its data. Choose a folder under /var/tmp with --data",
        .ancestor.display(),
        .folder.display()
    )]
    Closed { folder: PathBuf, ancestor: PathBuf },
    #[error(
        "port {port} is taken by another program. End that program (`lsof -i :{port}` names it), \
         or choose another port with {flag} (its operations port is 4000 above it)"
    )]
    PortTaken { port: u16, flag: &'static str },
    #[error("port {port} cannot be listened on; {flag} chooses another")]
    Port { port: u16, flag: &'static str, source: std::io::Error },
    #[error("port {port} was given twice: each service needs its own, and the one 4000 above it")]
    PortTwice { port: u16 },
    #[error("no two free ports were found")]
    NoFreePort(#[source] std::io::Error),
    #[error("the demo catalog cannot listen")]
    Catalog(#[source] std::io::Error),
    #[error("no database server")]
    Server(#[from] ServerError),
    #[error("the database could not be prepared")]
    Database(#[from] DatabaseError),
    #[error("{name} is not built: {} is missing. `cargo xtask up` builds it", .program.display())]
    NotBuilt { name: &'static str, program: PathBuf },
    #[error("{name} could not be started")]
    Start { name: &'static str, source: std::io::Error },
    #[error("no token could be signed")]
    Token(#[from] jsonwebtoken::errors::Error),
    #[error("{} could not be started", .program.display())]
    Command { program: OsString, source: std::io::Error },
    #[error("{name} ended ({status}). The end of its log, {}:\n{tail}", .log.display())]
    ChildEnded { name: &'static str, status: ExitStatus, log: PathBuf, tail: String },
    #[error(
        "{name} did not become ready: {url} said {}. Its log: {}",
        .answer.as_deref().unwrap_or("nothing"),
        .log.display()
    )]
    NotReady { name: &'static str, url: String, answer: Option<String>, log: PathBuf },
    #[error("the services cannot be asked")]
    Http(#[from] HttpError),
    #[error("the sample orders could not be made")]
    Samples(#[from] SampleError),
    #[error("the tour did not go as it says")]
    Tour(#[from] TourError),
}

impl UpError {
    /// Shells expect 128 and the signal's number.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Stopped(Stopped(signal)) => ExitCode::from(128 + signal),
            _ => ExitCode::FAILURE,
        }
    }
}

/// Prints an error with everything that led to it, one line each.
pub(crate) fn report(error: &UpError) {
    complain!("\nerror: {error}");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        complain!("  because: {cause}");
        source = cause.source();
    }
}
