//! The operator without a cluster: each state of the world as a fixture, whole passes against a double of the API server, the
//! definition's rules, and the Job held against the chart's.

#![expect(clippy::panic, reason = "helpers of tests fail by panicking, as tests do")]

mod api;
mod chart;
mod definition;
mod fixtures;
mod gitops;
mod kubectl;
mod lease;
mod scenarios;
mod support;
