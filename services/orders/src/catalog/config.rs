//! The `[catalog]` section: where the catalog is, who we are there, how long it may take, and what is remembered of it.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderName;
use schemars::JsonSchema;
use serde::Deserialize;
use service_kit::config::{Mistakes, Secret, is_loopback_host};

/// Where the catalog is and how long it may take.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CatalogConfig {
    /// The catalog's base address; it usually ends in `/catalog`. Models are asked for at `{url}/models/id/{model_id}`.
    pub url: String,
    /// What the catalog knows this service by: sent as `Authorization: Bearer`.
    pub token: Option<Secret>,
    /// A file that holds the token; read again while the service runs.
    pub token_file: Option<PathBuf>,
    /// A header that carries the token as it is, instead of `Authorization: Bearer`, such as `X-Api-Key`.
    pub token_header: Option<String>,
    /// Lets the token go to another machine unencrypted.
    pub allow_plaintext: bool,
    /// A file with the certificate authority that signed the catalog's certificate; if absent, the well-known ones.
    pub ca_file: Option<PathBuf>,
    /// How long connecting may take. Milliseconds.
    #[schemars(range(min = 1, max = 60_000))]
    pub connect_timeout_ms: u64,
    /// How long the catalog may be silent in the middle of an answer. Milliseconds.
    #[schemars(range(min = 1, max = 60_000))]
    pub read_timeout_ms: u64,
    /// How long one look-up may take in all. It may outlast its page: the next one finds what it brought. Milliseconds.
    #[schemars(range(min = 1, max = 60_000))]
    pub request_timeout_ms: u64,
    /// How long a page waits for all its models together; what is not known by then is `unavailable`. Milliseconds.
    #[schemars(range(min = 1, max = 60_000))]
    pub page_deadline_ms: u64,
    /// Look-ups under way at once for one page.
    #[schemars(range(min = 1, max = 200))]
    pub page_requests_max: usize,
    /// Look-ups under way at once for the whole process.
    #[schemars(range(min = 1, max = 10_000))]
    pub requests_max: usize,
    /// What is remembered.
    pub cache: CacheConfig,
    /// When the catalog is left alone for a while.
    pub breaker: BreakerConfig,
}

/// What is remembered of the catalog's answers. Failures never are.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CacheConfig {
    /// How much memory the remembered models may take. Bytes.
    #[schemars(range(min = 0, max = 17_179_869_184_u64))]
    pub bytes_max: u64,
    /// How long a model is shown without asking again. Seconds.
    #[schemars(range(min = 0, max = 86_400))]
    pub fresh_seconds: u64,
    /// How long, after it was last confirmed, a model may be shown while it is asked for again. Seconds.
    #[schemars(range(min = 0, max = 604_800))]
    pub stale_seconds: u64,
    /// How long it is remembered that there is no such model. Seconds.
    #[schemars(range(min = 0, max = 86_400))]
    pub missing_seconds: u64,
}

/// When the catalog is left alone for a while: it fails anyway, and every call makes it worse.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BreakerConfig {
    /// How many of the last calls are looked at.
    #[schemars(range(min = 1, max = 10_000))]
    pub window_calls: usize,
    /// How many of those may fail before no more are made.
    #[schemars(range(min = 1, max = 10_000))]
    pub failures_max: usize,
    /// How long no call is made; then one tries whether it is over. Milliseconds.
    #[schemars(range(min = 1, max = 3_600_000))]
    pub open_ms: u64,
}

impl CatalogConfig {
    /// Adds what is wrong with the keys, and between them.
    pub(crate) fn check(&self, mistakes: &mut Mistakes<'_>) {
        let url = Url::parse(&self.url).ok().filter(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.query().is_none()
                && url.fragment().is_none()
                && url.username().is_empty()
                && url.password().is_none()
        });
        if url.is_none() {
            mistakes.add(
                "catalog.url",
                "must be an http or https address without login and query, for example http://catalog/catalog",
            );
        }
        if self.token.is_some() && self.token_file.is_some() {
            mistakes.add("catalog.token_file", "catalog.token is set too; use one of them");
        }
        if self.token_header.as_ref().is_some_and(|name| name.parse::<HeaderName>().is_err()) {
            mistakes.add("catalog.token_header", "must be the name of a header");
        }
        let is_protected = url.is_none_or(|url| {
            url.scheme() == "https" || url.host_str().is_some_and(is_loopback_host) || self.allow_plaintext
        });
        if self.has_token() && !is_protected {
            let problem = "would send catalog.token to another machine unprotected: use https, or set \
                           catalog.allow_plaintext=true";
            mistakes.add("catalog.url", problem);
        }
        if self.breaker.failures_max > self.breaker.window_calls {
            let problem = "is more than catalog.breaker.window_calls: so many failures would never be seen";
            mistakes.add("catalog.breaker.failures_max", problem);
        }
    }

    /// Whether the catalog knows this service by something.
    pub(super) fn has_token(&self) -> bool {
        self.token.is_some() || self.token_file.is_some()
    }

    /// How long a page waits.
    pub(super) fn page_deadline(&self) -> Duration {
        Duration::from_millis(self.page_deadline_ms)
    }

    /// How long one look-up may take.
    pub(super) fn request_timeout(&self) -> Duration {
        Duration::from_millis(self.request_timeout_ms)
    }
}
