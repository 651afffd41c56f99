//! The models of one page: each distinct model once, some at a time, all of them within one deadline.
//! What is not known when the deadline comes is `unavailable`; the page goes out without it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use order_model::ModelId;
use prometheus::IntCounterVec;
use serde::Serialize;
use service_kit::chain;
use service_kit::metrics::{Metrics, Name};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use super::client::{CatalogClient, CatalogConfig, ClientError};
use super::wire::ModelDetails;

/// What is known of an order's model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ModelStatus {
    /// The catalog told.
    Found,
    /// The catalog says that there is no such model.
    Missing,
    /// The catalog did not answer in time, or answered nonsense.
    Unavailable,
    /// The order names no model.
    None,
}

/// The models of a page, by id in lower case. One that is absent is unavailable.
#[derive(Debug, Default)]
pub(crate) struct Models(HashMap<ModelId, Option<Arc<ModelDetails>>>);

impl Models {
    /// What is known of the model that an order names.
    pub(crate) fn of(&self, id: Option<&ModelId>) -> (ModelStatus, Option<&ModelDetails>) {
        match id.map(|id| self.0.get(&id.lower_case())) {
            None => (ModelStatus::None, None),
            Some(None) => (ModelStatus::Unavailable, None),
            Some(Some(None)) => (ModelStatus::Missing, None),
            Some(Some(Some(details))) => (ModelStatus::Found, Some(details)),
        }
    }
}

/// The way to the catalog, for whole pages. A cache across requests belongs between this and the client.
#[derive(Debug, Clone)]
pub(crate) struct Catalog {
    client: CatalogClient,
    page_deadline: Duration,
    page_requests_max: usize,
    places: Arc<Semaphore>,
    outcomes: IntCounterVec,
}

impl Catalog {
    pub(crate) fn new(config: &CatalogConfig, metrics: &Metrics) -> Result<Self, ClientError> {
        Ok(Self {
            client: CatalogClient::new(config)?,
            page_deadline: config.page_deadline(),
            page_requests_max: config.page_requests_max,
            places: Arc::new(Semaphore::new(config.requests_max)),
            outcomes: metrics.counters(Name::CatalogRequests, &["outcome"]),
        })
    }

    /// The models that `ids` name, as far as they are known by the page's deadline.
    pub(crate) async fn models(&self, ids: impl Iterator<Item = &ModelId>) -> Models {
        let deadline = Instant::now() + self.page_deadline;
        let distinct: HashSet<ModelId> = ids.map(ModelId::lower_case).collect();
        let mut answers =
            stream::iter(distinct).map(|id| self.look_up(id)).buffer_unordered(self.page_requests_max);

        let mut models = Models::default();
        while let Ok(Some(answer)) = timeout_at(deadline, answers.next()).await {
            models.0.extend(answer);
        }
        models
    }

    async fn look_up(&self, id: ModelId) -> Option<(ModelId, Option<Arc<ModelDetails>>)> {
        let _place = self.places.acquire().await.ok()?;
        let (outcome, answer) = match self.client.model(&id).await {
            Ok(Some(details)) => ("found", Some((id, Some(Arc::new(details))))),
            Ok(None) => ("missing", Some((id, None))),
            Err(error) => {
                let outcome = error.as_outcome();
                tracing::debug!(error = chain(&error), outcome, "a model could not be looked up");
                (outcome, None)
            }
        };
        self.outcomes.with_label_values(&[outcome]).inc();
        answer
    }
}
