//! `SchemaMigration`: the kind, the controller that turns it into Jobs of the migrator, and what people type about it.
//!
//! It talks to Kubernetes and never to a database: whoever holds rights in the cluster holds no password, and no database
//! client is linked here. What a Job found out comes back as its [`report`], in the pod's termination message.

pub mod controller;
pub mod crd;
pub mod kubectl;
pub mod lease;
pub mod reconcile;
pub mod report;
