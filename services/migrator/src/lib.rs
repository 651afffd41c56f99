//! Brings the database's schema to the version that this release needs, and says where it stands.
//!
//! [`migrate`] does the work and is what tests and the demonstration system call; the rest turns arguments and
//! configuration into calls of it, and its outcomes into words and exit codes.

pub mod cli;
pub mod config;
pub mod log;
pub mod migrate;
