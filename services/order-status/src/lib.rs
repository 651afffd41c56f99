//! The Order Status Service, port 5017: orders and their lifecycle, with strict transitions and roles.
//!
//! Three layers, dependencies pointing inward only: [`http`] parses and answers, `order-model` holds the rules, `store` the data.

mod cli;
mod config;
mod explain;
mod http;
mod metrics;
mod pruning;
mod state;
mod store;

pub use cli::main;
pub use config::Config;
pub use http::documents;

use axum::Router;
use service_kit::database::Rights;
use service_kit::service::{Parts, Service, ServiceConfig};
use tokio_util::sync::CancellationToken;

/// The service, as `service-kit` runs it.
#[derive(Debug, Clone, Copy)]
pub struct OrderStatus;

impl Service for OrderStatus {
    const NAME: &'static str = "order-status";
    const RIGHTS: Rights = &[
        ("SELECT", "orders"),
        ("INSERT", "orders"),
        ("UPDATE", "orders"),
        ("SELECT", "order_events"),
        ("INSERT", "order_events"),
        ("SELECT", "idempotency_keys"),
        ("INSERT", "idempotency_keys"),
        ("DELETE", "idempotency_keys"),
        ("USAGE", "order_id_seq"),
    ];
    type Config = Config;
    type Error = std::convert::Infallible;

    fn base(config: &Config) -> &ServiceConfig {
        &config.base
    }

    fn background(
        _config: &Config,
        parts: &Parts,
        stop: CancellationToken,
    ) -> impl Future<Output = ()> + Send + 'static {
        pruning::run(parts.database.call(store::PruneKeys), parts.read_only.clone(), stop)
    }

    fn routes(config: &Config, parts: Parts) -> Result<Router, Self::Error> {
        Ok(http::routes(state::AppState::new(parts), config.base.auth.mode))
    }
}
