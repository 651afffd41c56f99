//! What the handlers share: the stores, the reader of bodies, the counters.

use axum::extract::FromRef;
use service_kit::database::{Database, Gate, ReadOnly};
use service_kit::http::Form;
use service_kit::identity::Authenticator;
use service_kit::service::Parts;

use crate::metrics::OrderMetrics;
use crate::store::{Creates, Transitions};

/// The state of the service's routes.
#[derive(Clone, FromRef)]
pub(crate) struct AppState {
    pub(crate) authenticator: Authenticator,
    pub(crate) database: Database,
    pub(crate) creates: Creates,
    pub(crate) transitions: Transitions,
    pub(crate) read_only: ReadOnly,
    pub(crate) gate: Gate,
    pub(crate) form: Form,
    pub(crate) metrics: OrderMetrics,
}

impl AppState {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { authenticator, database, read_only, gate, metrics, form, .. } = parts;
        Self {
            creates: Creates::new(database.clone()),
            transitions: Transitions::new(database.clone()),
            authenticator,
            database,
            read_only,
            gate,
            form,
            metrics: OrderMetrics::new(&metrics),
        }
    }
}
