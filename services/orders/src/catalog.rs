//! The catalog of models, a service of somebody else's: it may be slow, broken or lying, and a list never fails or waits for it.
//!
//! A page ([`enrich`]) asks for its models together; a model ([`lookup`]) is remembered (`cache`), is being looked up for
//! somebody else (`flights`), or is asked for (`client`) unless the catalog is left alone for a while (`breaker`).
//! Whether it is where the configuration says, `examine` tells.

mod breaker;
mod cache;
mod client;
mod config;
mod enrich;
mod examine;
mod flights;
mod lookup;
mod wire;

pub use client::ClientError;
pub(crate) use config::CatalogConfig;
pub(crate) use enrich::{Catalog, ModelStatus};
pub(crate) use examine::doctor;
pub(crate) use lookup::Asker;
pub(crate) use wire::ModelDetails;
