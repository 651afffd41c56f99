//! The test kit's own tests: what everything else stands on is tried on its own first.

mod balancer;
mod database;
mod history;
mod proxy;
mod server;
