//! One look-up over HTTP, within its limits: no redirects, no proxy from the environment, 1 MiB of answer.

use std::path::PathBuf;
use std::time::Duration;

use order_model::ModelId;
use reqwest::header::{AUTHORIZATION, ETAG, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Response, StatusCode, Url};
use service_kit::answer::{self, AnswerError};
use service_kit::secrets::{Secrets, SecretsError};
use service_kit::telemetry::{Outgoing, OutgoingCall, TraceContext};

use super::config::CatalogConfig;
use super::wire::{self, ModelDetails};

/// An answer of more bytes than this is nonsense.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// Why the client cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The library says no.
    #[error("the client for the catalog cannot be built")]
    Build(#[source] reqwest::Error),
    /// `catalog.ca_file` cannot be read.
    #[error("catalog.ca_file {} cannot be read", file.display())]
    CaFile {
        /// Which file.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// `catalog.ca_file` holds no certificates.
    #[error("catalog.ca_file {} holds no certificates in PEM", file.display())]
    NoCertificates {
        /// Which file.
        file: PathBuf,
    },
    /// The file of the token cannot be used.
    #[error(transparent)]
    Token(#[from] SecretsError),
}

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
    /// Whether other models will fare no better. One whose record is wrong must not keep all others from being asked for.
    pub(super) fn is_the_catalogs(&self) -> bool {
        match self {
            Self::NoAnswer(_) => true,
            Self::Status(status) => {
                status.is_server_error()
                    || status.is_redirection()
                    || matches!(status.as_u16(), 401 | 403 | 408 | 429)
            }
            Self::TooLong | Self::Nonsense(_) => false,
        }
    }

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

/// What the catalog says of a model.
#[derive(Debug)]
pub(super) enum Reply {
    /// This, and the tag by which it can be asked whether it is still so.
    Found(ModelDetails, Option<HeaderValue>),
    /// There is none.
    Missing,
    /// What the tag stands for is still so.
    Unchanged,
}

/// Asks the catalog.
#[derive(Debug)]
pub(super) struct CatalogClient {
    http: Client,
    base: String,
    token: Option<Token>,
    call: OutgoingCall,
}

#[derive(Debug)]
struct Token {
    header: HeaderName,
    prefix: &'static str,
    secrets: Secrets,
}

impl CatalogClient {
    pub(super) fn new(config: &CatalogConfig) -> Result<Self, ClientError> {
        let mut builder = Client::builder()
            .user_agent(concat!("atelier-orders/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .no_proxy()
            .connect_timeout(Duration::from_millis(config.connect_timeout_ms))
            .read_timeout(Duration::from_millis(config.read_timeout_ms))
            .timeout(config.request_timeout());
        if let Some(file) = &config.ca_file {
            builder = builder.tls_certs_only(authorities(file)?);
        }
        let http = builder.build().map_err(ClientError::Build)?;
        let token = config.has_token().then(|| Token::new(config)).transpose()?;
        let address = Url::parse(&config.url).ok();
        let call = OutgoingCall {
            method: "GET",
            template: "/models/id/{model_id}",
            address: address.as_ref().and_then(Url::host_str).unwrap_or_default().to_owned(),
            port: address.and_then(|url| url.port_or_known_default()).unwrap_or_default(),
        };
        Ok(Self { http, base: config.url.trim_end_matches('/').to_owned(), token, call })
    }

    /// Begins to ask for a model, for a request of this trace.
    pub(super) fn call(&self, trace: &TraceContext) -> Outgoing {
        trace.call(&self.call)
    }

    /// One model, or whether it is still what `known` stands for.
    pub(super) async fn model(
        &self,
        id: &ModelId,
        known: Option<&HeaderValue>,
        call: &mut Outgoing,
    ) -> Result<Reply, LookupError> {
        let asked = self.ask(&self.base, id, known, call.headers()).await;
        let mut response = asked.map_err(LookupError::NoAnswer)?;
        call.answered(response.status());
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(Reply::Missing),
            StatusCode::NOT_MODIFIED if known.is_some() => return Ok(Reply::Unchanged),
            other => return Err(LookupError::Status(other)),
        }
        let tag = response.headers_mut().remove(ETAG);
        let body = read_bounded(response).await?;
        wire::parse(&body, id).map(|details| Reply::Found(details, tag)).map_err(LookupError::Nonsense)
    }

    /// The bare answer of a catalog at `base`.
    pub(super) async fn ask(
        &self,
        base: &str,
        id: &ModelId,
        known: Option<&HeaderValue>,
        mut headers: HeaderMap,
    ) -> Result<Response, reqwest::Error> {
        if let Some(tag) = known {
            headers.insert(IF_NONE_MATCH, tag.clone());
        }
        if let Some((name, value)) = self.token.as_ref().and_then(Token::header) {
            headers.insert(name, value);
        }
        // A model id is 24 hex digits by its type: nothing in it can leave its place in the address.
        let address = format!("{base}/models/id/{}", id.as_str());
        self.http.get(address).headers(headers).send().await
    }
}

impl Token {
    fn new(config: &CatalogConfig) -> Result<Self, SecretsError> {
        let named = config.token_header.as_deref().and_then(|name| name.parse().ok());
        let prefix = if named.is_some() { "" } else { "Bearer " };
        let inline: Vec<_> = config.token.iter().cloned().collect();
        let secrets = Secrets::new(&inline, config.token_file.clone(), 1)?;
        Ok(Self { header: named.unwrap_or(AUTHORIZATION), prefix, secrets })
    }

    /// As it is now. One with bytes that no header takes is not sent; the catalog then says 401, and `doctor` why.
    fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        let secrets = self.secrets.current();
        let text = [self.prefix.as_bytes(), secrets.first()?].concat();
        let mut value = HeaderValue::from_bytes(&text).ok()?;
        value.set_sensitive(true);
        Some((self.header.clone(), value))
    }
}

fn authorities(file: &PathBuf) -> Result<Vec<Certificate>, ClientError> {
    let text = std::fs::read(file).map_err(|source| ClientError::CaFile { file: file.clone(), source })?;
    let certificates = Certificate::from_pem_bundle(&text).unwrap_or_default();
    if certificates.is_empty() {
        return Err(ClientError::NoCertificates { file: file.clone() });
    }
    Ok(certificates)
}

/// An answer's body, unless it is nonsense by its length alone.
pub(super) async fn read_bounded(response: Response) -> Result<Vec<u8>, LookupError> {
    answer::read(response, ANSWER_BYTES_MAX).await.map_err(|error| match error {
        AnswerError::Broken(source) => LookupError::NoAnswer(source),
        AnswerError::TooLong => LookupError::TooLong,
    })
}
