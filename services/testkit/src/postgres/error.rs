//! Why there is no server.

use std::io;
use std::path::PathBuf;

use super::binaries::BinariesError;
use super::folder::FolderError;
use super::options::STOP_DEADLINE;

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// No programs to run.
    #[error("PostgreSQL cannot be started")]
    Binaries(#[source] BinariesError),
    /// No folder for its data.
    #[error("PostgreSQL has nowhere to keep its data")]
    Folder(#[source] FolderError),
    /// The system said no to something.
    #[error("{what}")]
    System {
        /// To what.
        what: &'static str,
        /// Why.
        source: io::Error,
    },
    /// `initdb` failed.
    #[error("initdb failed: {output}")]
    Create {
        /// What it printed.
        output: String,
    },
    /// The data was made by another major version.
    #[error("{} holds data of PostgreSQL {found}, the programs are of another version; remove the folder to begin anew", folder.display())]
    OtherVersion {
        /// The folder.
        folder: PathBuf,
        /// The version that made it.
        found: String,
    },
    /// Another server works on this data.
    #[error("another PostgreSQL (process {pid}) works on {}", folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
        /// Its process.
        pid: u32,
    },
    /// It ended, or never answered. The end of its log says more.
    #[error("PostgreSQL did not start on port {port}; the end of its log:\n{log}")]
    NotReady {
        /// The port.
        port: u16,
        /// The end of its log.
        log: String,
    },
    /// It did not end in time.
    #[error("PostgreSQL did not stop within {STOP_DEADLINE:?}")]
    NotStopped,
}
