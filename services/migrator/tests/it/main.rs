//! The migrator and the schema against a real PostgreSQL: what `up` does, and what the database refuses whoever asks.

#![expect(clippy::panic, reason = "helpers of tests fail by panicking, as tests do")]

mod adopt;
mod after_restore;
mod backfill;
mod bounds;
mod cli;
mod contract;
mod documents;
mod down;
mod erase;
mod founding;
mod grants;
mod history_law;
mod killed;
mod lock;
mod node;
mod plan;
mod pooler;
mod report;
mod roles;
mod support;
mod up;
mod verify;
