//! What the handlers share.

use axum::extract::FromRef;
use service_kit::database::Gate;
use service_kit::identity::Authenticator;
use service_kit::service::Parts;

use crate::catalog::{Catalog, ClientError};
use crate::config::Config;
use crate::store::Lists;

/// The state of the service's routes.
#[derive(Clone, FromRef)]
pub(crate) struct AppState {
    pub(crate) authenticator: Authenticator,
    pub(crate) lists: Lists,
    pub(crate) gate: Gate,
    pub(crate) catalog: Catalog,
}

impl AppState {
    pub(crate) fn new(config: &Config, parts: Parts) -> Result<Self, ClientError> {
        let Parts { authenticator, database, gate, metrics, readiness, .. } = parts;
        Ok(Self {
            authenticator,
            lists: Lists::new(&database),
            gate,
            catalog: Catalog::new(&config.catalog, &metrics, readiness)?,
        })
    }
}
