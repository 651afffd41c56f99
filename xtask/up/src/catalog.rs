//! The demo catalog: a dozen models, served by this process.

use testkit::catalog::{Model, demo};

use crate::error::UpError;

/// Serves until it is dropped.
#[derive(Debug)]
pub(crate) struct Catalog {
    /// Ends with this value.
    _inner: testkit::catalog::Catalog,
    url: String,
    models: Vec<Model>,
}

impl Catalog {
    /// Listens on a free port.
    pub(crate) async fn start() -> Result<Self, UpError> {
        let models = demo::models();
        let inner = testkit::catalog::Catalog::with_models(models.clone()).await.map_err(UpError::Catalog)?;
        let url = inner.base_url();
        Ok(Self { _inner: inner, url, models })
    }

    /// What the orders service is told.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// What it knows.
    pub(crate) fn models(&self) -> &[Model] {
        &self.models
    }
}
