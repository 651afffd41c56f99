//! Connections to PostgreSQL, each owned by one worker. No pool stands on the request path: sqlx's pings on acquire and on
//! release, three round trips for one small query, and without its pings it does not notice a connection that fell silent.

mod address;
mod config;
mod error;
mod job;
mod queue;
mod read_only;
mod window;
mod worker;

pub use address::{ConnectOptionsError, DATABASE_KEYS, DatabaseAddress, SslMode};
pub use config::DatabaseConfig;
pub use error::DatabaseError;
pub use job::BoxFuture;
pub use read_only::ReadOnly;
pub use window::{APP_SCHEMA, Gate, REQUIRED_SCHEMA, SchemaWindow, gate};
pub use worker::{Database, DatabaseMetrics};
