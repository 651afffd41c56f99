//! The Orders Service, port 5019: a user's paid orders, each enriched with its model from the catalog.
//!
//! It only reads. [`http`] → `store` → `catalog`: no connection is held while the catalog is asked.

mod catalog;
mod cli;
mod config;
mod http;
mod state;
mod store;

pub use catalog::ClientError;
pub use cli::main;
pub use config::Config;
pub use http::documents;

use axum::Router;
use service_kit::database::Rights;
use service_kit::doctor::Finding;
use service_kit::service::{Parts, Service, ServiceConfig};

/// The service, as `service-kit` runs it.
#[derive(Debug, Clone, Copy)]
pub struct Orders;

impl Service for Orders {
    const NAME: &'static str = "orders";
    const RIGHTS: Rights = &[("SELECT", "orders")];
    type Config = Config;
    type Error = ClientError;

    fn base(config: &Config) -> &ServiceConfig {
        &config.base
    }

    async fn examine(config: &Config) -> Vec<Finding> {
        vec![catalog::doctor(&config.catalog).await]
    }

    fn routes(config: &Config, parts: Parts) -> Result<Router, ClientError> {
        Ok(http::routes(state::AppState::new(config, parts)?, config.base.auth.mode))
    }
}
