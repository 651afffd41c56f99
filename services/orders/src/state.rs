//! What the handlers share.

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRef;
use service_kit::database::Gate;
use service_kit::identity::Authenticator;
use service_kit::service::Parts;

use crate::catalog::{Catalog, ClientError};
use crate::config::Config;
use crate::store::Lists;

/// The state of the service's routes: one pointer, because each request gets a copy.
#[derive(Clone)]
pub(crate) struct AppState(Arc<Shared>);

/// What stands behind it.
pub(crate) struct Shared {
    pub(crate) authenticator: Authenticator,
    pub(crate) lists: Lists,
    pub(crate) gate: Gate,
    pub(crate) catalog: Catalog,
}

impl AppState {
    pub(crate) fn new(config: &Config, parts: Parts) -> Result<Self, ClientError> {
        let Parts { authenticator, database, gate, metrics, readiness, .. } = parts;
        let lists = Lists::new(&database);
        let catalog = Catalog::new(&config.catalog, &metrics, readiness)?;
        Ok(Self(Arc::new(Shared { authenticator, lists, gate, catalog })))
    }
}

impl Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl FromRef<AppState> for Authenticator {
    fn from_ref(state: &AppState) -> Self {
        state.authenticator.clone()
    }
}
