//! What the handlers share: the ways to the stores, the reader of bodies, the counters.

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRef;
use service_kit::database::{Call, Gate, ReadOnly};
use service_kit::http::Form;
use service_kit::identity::Authenticator;
use service_kit::service::Parts;

use crate::metrics::OrderMetrics;
use crate::store::{CreateOrder, MoveOrder, ReadHistory, ReadOrder, ReadStanding};

/// The state of the service's routes: one pointer, because each request gets a copy.
#[derive(Clone)]
pub(crate) struct AppState(Arc<Shared>);

/// What stands behind it.
pub(crate) struct Shared {
    pub(crate) authenticator: Authenticator,
    pub(crate) order: Call<ReadOrder>,
    pub(crate) standing: Call<ReadStanding>,
    pub(crate) history: Call<ReadHistory>,
    pub(crate) creates: Call<CreateOrder>,
    pub(crate) moves: Call<MoveOrder>,
    pub(crate) read_only: ReadOnly,
    pub(crate) gate: Gate,
    pub(crate) form: Form,
    pub(crate) metrics: OrderMetrics,
}

impl AppState {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { authenticator, database, read_only, gate, metrics, form, .. } = parts;
        Self(Arc::new(Shared {
            order: database.call(ReadOrder),
            standing: database.call(ReadStanding),
            history: database.call(ReadHistory),
            creates: database.call(CreateOrder::default()),
            moves: database.call(MoveOrder),
            authenticator,
            read_only,
            gate,
            form,
            metrics: OrderMetrics::new(&metrics),
        }))
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
