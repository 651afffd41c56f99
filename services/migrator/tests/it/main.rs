//! The migrator and the schema against a real PostgreSQL: what `up` does, and what the database refuses whoever asks.

#![expect(clippy::panic, reason = "helpers of tests fail by panicking, as tests do")]

mod after_restore;
mod bounds;
mod cli;
mod grants;
mod history_law;
mod lock;
mod roles;
mod support;
mod up;
mod verify;
