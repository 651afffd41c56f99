//! One look-up over HTTP, within its limits: no redirects, no proxy from the environment, 1 MiB of answer.

use std::time::Duration;

use order_model::ModelId;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url};
use schemars::JsonSchema;
use serde::Deserialize;
use service_kit::config::Mistakes;

use super::wire::{self, ModelDetails};

/// An answer of more bytes than this is nonsense.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// Where the catalog is and how long it may take.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CatalogConfig {
    /// The catalog's base address; it usually ends in `/catalog`. Models are asked for at `{url}/models/id/{model_id}`.
    pub url: String,
    /// How long connecting may take. Milliseconds.
    #[schemars(range(min = 1, max = 60_000))]
    pub connect_timeout_ms: u64,
    /// How long a page waits for all its models together; what is not known by then is `unavailable`. Milliseconds.
    #[schemars(range(min = 1, max = 60_000))]
    pub page_deadline_ms: u64,
    /// Look-ups under way at once for one page.
    #[schemars(range(min = 1, max = 200))]
    pub page_requests_max: usize,
    /// Look-ups under way at once for the whole process.
    #[schemars(range(min = 1, max = 10_000))]
    pub requests_max: usize,
}

impl CatalogConfig {
    /// Adds what is wrong with the address.
    pub(crate) fn check(&self, mistakes: &mut Mistakes<'_>) {
        let usable = Url::parse(&self.url).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none()
        });
        if !usable {
            mistakes.add(
                "catalog.url",
                "must be an http or https address without query, for example http://catalog/catalog",
            );
        }
    }

    /// How long a page waits.
    pub(crate) fn page_deadline(&self) -> Duration {
        Duration::from_millis(self.page_deadline_ms)
    }
}

/// Why the client cannot be built.
#[derive(Debug, thiserror::Error)]
#[error("the client for the catalog cannot be built")]
pub struct ClientError(#[source] reqwest::Error);

/// Why a look-up told nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum LookupError {
    /// No answer, or none in time.
    #[error("the catalog did not answer")]
    NoAnswer(#[source] reqwest::Error),
    /// Neither 200 nor 404.
    #[error("the catalog answered {0}")]
    Status(StatusCode),
    /// An answer that never ends.
    #[error("the catalog's answer has more than {ANSWER_BYTES_MAX} bytes")]
    TooLong,
    /// An answer that is no model.
    #[error("the catalog's answer is no model")]
    Nonsense(#[source] wire::WireError),
}

impl LookupError {
    /// The outcome's name in the metrics.
    pub(super) fn as_outcome(&self) -> &'static str {
        match self {
            Self::NoAnswer(error) if error.is_timeout() => "timeout",
            Self::NoAnswer(_) => "unreachable",
            Self::Status(_) => "status",
            Self::TooLong => "too_long",
            Self::Nonsense(_) => "nonsense",
        }
    }
}

/// Asks the catalog.
#[derive(Debug, Clone)]
pub(super) struct CatalogClient {
    http: Client,
    base: String,
}

impl CatalogClient {
    pub(super) fn new(config: &CatalogConfig) -> Result<Self, ClientError> {
        let http = Client::builder()
            .user_agent(concat!("atelier-orders/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(Duration::from_millis(config.connect_timeout_ms))
            .timeout(config.page_deadline())
            .build()
            .map_err(ClientError)?;
        Ok(Self { http, base: config.url.trim_end_matches('/').to_owned() })
    }

    /// One model; `None` where the catalog says that there is none.
    pub(super) async fn model(&self, id: &ModelId) -> Result<Option<ModelDetails>, LookupError> {
        // A model id is 24 hex digits by its type: nothing in it can leave its place in the address.
        let address = format!("{}/models/id/{}", self.base, id.as_str());
        let response = self.http.get(address).send().await.map_err(LookupError::NoAnswer)?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(None),
            other => return Err(LookupError::Status(other)),
        }
        let body = read_bounded(response).await?;
        wire::parse(&body, id).map(Some).map_err(LookupError::Nonsense)
    }
}

async fn read_bounded(mut response: Response) -> Result<Vec<u8>, LookupError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(LookupError::NoAnswer)? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(LookupError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
