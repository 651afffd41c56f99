//! What a service measures, found by starting it: what is registered is what is described.

use super::{Running, Service, ServiceError};
use crate::clock::Clock;
use crate::config::{ConfigError, Sources, load};
use crate::http::RequestIds;
use crate::metrics::Metrics;
use crate::telemetry::{OtlpError, Tracer};

/// Why a service cannot be described.
#[derive(Debug, thiserror::Error)]
pub enum DescribeError {
    /// A key is missing or wrong.
    #[error(transparent)]
    Configuration(#[from] ConfigError),
    /// Its tracing does not start.
    #[error(transparent)]
    Telemetry(#[from] OtlpError),
    /// It does not start.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// Its metrics as a table for people to read. It starts on free ports, without a database, knowing its callers by an issuer's
/// tokens, so that everything is registered. `more` are variables that it does not start without.
pub async fn metrics_table<S: Service>(more: &[(&str, &str)]) -> Result<String, DescribeError> {
    crate::tls::install_provider();
    let ours = [
        ("ATELIER_LISTEN", "127.0.0.1:0"),
        ("ATELIER_OPS_LISTEN", "127.0.0.1:0"),
        ("ATELIER_DATABASE__URL", "postgres://nobody@127.0.0.1:1/none"),
        ("ATELIER_AUTH__MODE", "token"),
        ("ATELIER_AUTH__JWKS__FILE", "/dev/null"),
        ("ATELIER_AUTH__TOKEN__ISSUER", "https://issuer.example"),
        ("ATELIER_AUTH__TOKEN__AUDIENCE", "atelier"),
    ];
    let environment = ours.iter().chain(more).map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    let config = load::<S::Config>(&Sources { file: None, environment: environment.collect() })?.settings;
    let metrics = Metrics::new(S::NAME);
    let tracer = Tracer::start(S::NAME, &S::base(&config).telemetry, &metrics, Clock::system()).await?;
    Running::start_with::<S>(&config, RequestIds::counting(), metrics.clone(), tracer).await?;
    Ok(metrics.table())
}
