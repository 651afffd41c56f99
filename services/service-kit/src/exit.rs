//! Exit codes, one meaning each. Jobs and operators decide by them, so a number must never change its meaning.

use std::process::ExitCode;

/// Why a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All was done.
    Success = 0,
    /// Something failed that none of the others names; the log says what.
    Failure = 1,
    /// The configuration or the command line is wrong (`EX_USAGE`).
    Configuration = 64,
    /// A migration's text is not the one that was applied.
    Checksum = 65,
    /// A contract migration lacks its approval.
    NotApproved = 66,
    /// The schema no longer takes applications as old as this one.
    NewerSchema = 67,
    /// A lock or a connection was not to be had; trying again may help (`EX_TEMPFAIL`).
    Temporary = 75,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
