//! The one error type of these commands: what was tried, what came of it, and the exit code to pass on.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::{ExitCode, ExitStatus};

/// Why a command of this crate failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A program could not be started at all.
    Start { command: String, source: io::Error },
    /// A program ran and was not content; its own output says why.
    Ended { command: String, status: ExitStatus },
    /// A file or folder could not be read or written.
    File { path: PathBuf, source: io::Error },
    /// A check found something; each finding was printed already.
    Found { count: usize, what: &'static str, remedy: String },
    /// The tree is not as it has to be first.
    Unready { what: String, remedy: &'static str },
    /// Something was asked for by name that this machine does not have, or nobody knows.
    Missing { names: Vec<String>, remedy: &'static str },
}

impl Failure {
    /// For `map_err`: a failure about `path`.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }

    /// A tool that a command cannot do without.
    pub(crate) fn missing_tool(name: &str) -> Self {
        Self::Missing { names: vec![name.to_owned()], remedy: "`cargo xtask tools` says how to get it." }
    }

    /// A child's exit code is passed on, everything else is 1.
    pub(crate) fn exit_code(&self) -> ExitCode {
        let code = match self {
            Self::Ended { status, .. } => status.code().and_then(|code| u8::try_from(code).ok()),
            _ => None,
        };
        ExitCode::from(code.filter(|code| *code != 0).unwrap_or(1))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start { command, source } => write!(f, "could not start `{command}`: {source}"),
            Self::Ended { command, status } => write!(f, "`{command}` ended with {status}"),
            Self::File { path, source } => write!(f, "{}: {source}", path.display()),
            Self::Found { count, what, remedy } => write!(f, "{count} {what}. {remedy}"),
            Self::Unready { what, remedy } => write!(f, "{what}. {remedy}"),
            Self::Missing { names, remedy } => write!(f, "missing: {}. {remedy}", names.join(", ")),
        }
    }
}

impl std::error::Error for Failure {}
