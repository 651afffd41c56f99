//! What the handlers share.

use axum::extract::FromRef;
use service_kit::database::{Database, Gate};
use service_kit::identity::Authenticator;
use service_kit::service::Parts;

use crate::catalog::{Catalog, ClientError};
use crate::config::Config;

/// The state of the service's routes.
#[derive(Clone, FromRef)]
pub(crate) struct AppState {
    pub(crate) authenticator: Authenticator,
    pub(crate) database: Database,
    pub(crate) gate: Gate,
    pub(crate) catalog: Catalog,
}

impl AppState {
    pub(crate) fn new(config: &Config, parts: Parts) -> Result<Self, ClientError> {
        let Parts { authenticator, database, gate, metrics, readiness, .. } = parts;
        Ok(Self {
            authenticator,
            database,
            gate,
            catalog: Catalog::new(&config.catalog, &metrics, readiness)?,
        })
    }
}
