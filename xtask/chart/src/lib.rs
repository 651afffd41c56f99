//! The Helm chart's other half: values from the few facts that only the installer knows, what is generated of the chart's
//! own values, and its renders, which the tests hold against what must stay true. It never talks to a cluster.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this command talks to the person who typed it"
)]

mod charts;
mod cli;
mod digests;
mod facts;
mod notes;
mod program;
mod reference;
pub mod render;
mod rendered;
mod schemas;
mod values;

pub use charts::Chart;
pub use program::main;
pub use reference::paths;
