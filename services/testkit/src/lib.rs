//! What tests and the demonstration system stand on: a real PostgreSQL, a database for each test from a template, a catalog double, a link with faults.
//!
//! Nothing that ships may depend on this crate. Nothing here mocks the database, and nothing sleeps where it can wait on a condition.

pub mod catalog;
pub mod database;
mod environment;
pub mod history;
pub mod openapi;
pub mod postgres;
pub mod proxy;
pub mod wait;

pub use database::{Role, TestDatabase};
pub use history::{HistoryError, check_history_law};
