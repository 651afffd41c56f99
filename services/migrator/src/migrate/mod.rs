//! Bringing a database's schema to the version that this release needs, and saying where it stands.
//!
//! One file a concern: what the files are, what the database remembers, who may go on, what is done, what is told.
//! Nothing here knows the command line, prints, or ends the process.

pub mod after_restore;
pub mod apply;
mod backoff;
pub mod bookkeeping;
pub mod files;
pub mod fingerprint;
pub mod grants;
pub mod history;
pub mod lock;
pub mod roles;
pub mod session;
pub mod status;
pub mod up;
pub mod verify;

pub use after_restore::{Restored, after_restore};
pub use files::{Migration, MigrationSet, Phase};
pub use roles::Roles;
pub use status::{Status, Window, status, wait};
pub use up::{UpError, UpOptions, UpReport, up, up_until};
pub use verify::{Finding, Verification, verify};

/// The one schema that everything of ours lives in. It is fixed: statements name it, so no session setting matters.
pub const SCHEMA: &str = "atelier";
