//! The catalog of models, a service of somebody else's: it may be slow, broken or lying, and a list never fails or waits for it.

mod client;
mod enrich;
mod wire;

pub(crate) use client::CatalogConfig;
pub use client::ClientError;
pub(crate) use enrich::{Catalog, ModelStatus};
pub(crate) use wire::ModelDetails;
