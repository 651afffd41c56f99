//! The models of one page: each distinct model once, some at a time, all of them within one deadline.
//! What is not known when the deadline comes is `unavailable`; the page goes out without it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use order_model::ModelId;
use serde::Serialize;
use serde_json::value::RawValue;
use service_kit::metrics::Metrics;
use service_kit::readiness::Readiness;
use tokio::time::{Instant, timeout_at};

use super::cache::{Known, Remembered};
use super::client::ClientError;
use super::config::CatalogConfig;
use super::lookup::{Asker, Lookups};

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
pub(crate) struct Models(BTreeMap<ModelId, Known>);

impl Models {
    /// What is known of the model that an order names.
    pub(crate) fn of(&self, id: Option<&ModelId>) -> (ModelStatus, Option<&RawValue>) {
        match id.map(|id| self.0.get(&id.lower_case())) {
            None => (ModelStatus::None, None),
            Some(None) => (ModelStatus::Unavailable, None),
            Some(Some(None)) => (ModelStatus::Missing, None),
            Some(Some(Some(details))) => (ModelStatus::Found, Some(details)),
        }
    }
}

/// The way to the catalog, for whole pages.
#[derive(Clone)]
pub(crate) struct Catalog {
    lookups: Lookups,
    page_deadline: Duration,
    page_requests_max: usize,
}

impl Catalog {
    pub(crate) fn new(
        config: &CatalogConfig,
        metrics: &Metrics,
        readiness: Readiness,
    ) -> Result<Self, ClientError> {
        Ok(Self {
            lookups: Lookups::new(config, metrics, readiness)?,
            page_deadline: config.page_deadline(),
            page_requests_max: config.page_requests_max,
        })
    }

    /// The models that `ids` name, as far as they are known by the page's deadline.
    pub(crate) async fn models(&self, asker: &Asker, ids: impl Iterator<Item = &ModelId>) -> Models {
        let deadline = Instant::now() + self.page_deadline;
        let distinct: BTreeSet<ModelId> = ids.map(|id| id.lower_case()).collect();
        let mut models = Models::default();
        let mut unknown = Vec::new();
        for id in distinct {
            match self.lookups.remembered(&id) {
                Remembered::Fresh(known) => {
                    models.0.insert(id, known);
                }
                Remembered::Stale(entry) => {
                    models.0.insert(id, entry.known.clone());
                    self.lookups.refresh(id, entry, asker);
                }
                Remembered::Nothing => unknown.push(id),
            }
        }

        let mut answers = stream::iter(unknown)
            .map(async |id: ModelId| {
                let known = self.lookups.look_up(&id, asker).await?;
                Some((id, known))
            })
            .buffer_unordered(self.page_requests_max);
        while let Ok(Some(answer)) = timeout_at(deadline, answers.next()).await {
            models.0.extend(answer);
        }
        models
    }
}
