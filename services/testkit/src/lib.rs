//! What tests and the demonstration system stand on: a real PostgreSQL, a database for each test from a template, doubles of what a service talks to, and a link with faults.
//!
//! Nothing that ships may depend on this crate. Nothing here mocks the database, and nothing sleeps where it can wait on a condition.

pub mod balancer;
pub mod browser;
pub mod certificate;
pub mod database;
pub mod docs_page;
mod environment;
pub mod file;
pub mod issuer;
pub mod openapi;
pub mod otlp;
pub mod pooler;
pub mod postgres;
pub mod proof;
pub mod proxy;
pub mod wait;

pub use catalog_stub as catalog;
pub use database::{Role, TestDatabase};
pub use migrator::migrate::history::{HistoryError, check_history_law};
