//! What every Atelier binary needs and nothing about orders: configuration, logs, metrics, the HTTP edge,
//! the ops listener, lifecycle, identity and database connections.
//!
//! A rule of the order's life must never stand here; those are `order-model`'s.

pub mod answer;
mod ask;
pub mod audit;
mod chain;
pub mod cli;
pub mod clock;
mod coalesce;
pub mod config;
pub mod database;
pub mod doctor;
pub mod exit;
pub mod fair;
pub mod http;
pub mod identity;
pub mod lifecycle;
pub mod metrics;
pub mod ops;
pub mod readiness;
pub mod secrets;
pub mod service;
pub mod telemetry;
pub mod tls;

pub use chain::chain;

/// What ships is static, and musl's own allocator halves what it does: docs/adr/0012.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
