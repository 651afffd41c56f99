//! The order status service from outside: the real thing on port 0, a real PostgreSQL, HTTP. The tree below mirrors the routes.
//! Nothing here may reach into the service's modules: what a caller cannot see is not what these tests are about.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test says by panicking that something is not as it should be"
)]

mod database_tls;
mod edge;
mod erased;
mod explain;
mod histories;
mod identity;
mod limits;
mod matrix;
mod openapi;
mod orders;
mod outage;
mod page;
mod pooler;
mod process;
mod pruning;
mod races;
mod read_only;
mod release;
mod restarts;
mod restored;
mod series;
mod support;
