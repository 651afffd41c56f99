//! The issuer's public keys: read at start and every few minutes, and anew for an unknown key at a bounded rate.
//! An issuer that is away leaves the keys that are known; a flood of unknown keys reaches it once in a while only.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use reqwest::Client;
use reqwest::redirect::Policy;
use tokio_util::sync::CancellationToken;

use super::JwksConfig;
use crate::answer::{self, AnswerError};
use crate::chain::chain;

/// A set of more bytes than this is none.
const SET_BYTES_MAX: usize = 1024 * 1024;

/// How soon a first reading that failed is tried again.
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// Where the set is.
enum Place {
    Url(Client, String),
    File(PathBuf),
}

/// Why the set is not known.
#[derive(Debug, Clone, thiserror::Error)]
#[error("no key set has been read yet")]
pub(super) struct NoKeys;

/// Why the set could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error("the key set cannot be fetched")]
    Fetch(#[source] reqwest::Error),
    #[error("the issuer answered {0} instead of a key set")]
    Status(reqwest::StatusCode),
    #[error("the key set has more than {SET_BYTES_MAX} bytes")]
    TooLong,
    #[error("the file of the key set cannot be read")]
    File(#[source] std::io::Error),
    #[error("the key set is no JSON Web Key Set")]
    Shape(#[source] serde_json::Error),
}

/// The issuer's keys.
#[derive(Clone)]
pub(super) struct KeySet(Arc<Inner>);

struct Inner {
    place: Place,
    refresh: Duration,
    refresh_min: Duration,
    /// The set, and when it was read.
    known: Mutex<Option<(Arc<JwkSet>, Instant)>>,
    started: Instant,
    /// When it was last tried to be read; held while it is read, so that one reading serves all who wait.
    tried: tokio::sync::Mutex<Option<Instant>>,
}

impl KeySet {
    pub(super) fn new(config: &JwksConfig) -> Result<Self, reqwest::Error> {
        let place = match (&config.url, &config.file) {
            (Some(url), _) => {
                let client = Client::builder()
                    .user_agent(concat!("atelier/", env!("CARGO_PKG_VERSION")))
                    .redirect(Policy::none())
                    .no_proxy()
                    .timeout(Duration::from_millis(config.timeout_ms))
                    .build()?;
                Place::Url(client, url.clone())
            }
            (None, file) => Place::File(file.clone().unwrap_or_default()),
        };
        Ok(Self(Arc::new(Inner {
            place,
            refresh: Duration::from_secs(config.refresh_seconds.into()),
            refresh_min: Duration::from_secs(config.refresh_min_seconds.into()),
            known: Mutex::new(None),
            started: Instant::now(),
            tried: tokio::sync::Mutex::new(None),
        })))
    }

    /// How long ago the set was read; since the start where it never was.
    pub(super) fn age(&self) -> Duration {
        let read =
            self.0.known.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|(_, read)| *read);
        read.unwrap_or(self.0.started).elapsed()
    }

    /// Reads the set once and counts the keys that could verify a token.
    pub(super) async fn count(&self) -> Result<usize, ReadError> {
        let set = self.0.read().await?;
        let algorithms = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];
        let fitting = set.keys.iter().filter(|key| algorithms.iter().any(|algorithm| fits(key, *algorithm)));
        Ok(fitting.count())
    }

    /// Reads the set at start and every `refresh` from then on.
    pub(super) async fn run(&self, stop: CancellationToken) {
        loop {
            self.0.read_unless_tried_within(Duration::ZERO).await;
            let pause = if self.0.known().is_some() { self.0.refresh } else { FIRST_RETRY };
            tokio::select! {
                () = stop.cancelled() => return,
                () = elapse(pause) => {}
            }
        }
    }

    /// The keys that may have signed a token with this header.
    pub(super) async fn find(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Vec<DecodingKey>, NoKeys> {
        if let Some(set) = self.0.known() {
            let keys = candidates(&set, kid, algorithm);
            if !keys.is_empty() {
                return Ok(keys);
            }
        }
        // On its own: a caller who hangs up must not break off what others wait for, nor make it begin again.
        let inner = self.0.clone();
        let reading = tokio::spawn(async move { inner.read_unless_tried_within(inner.refresh_min).await });
        if let Err(error) = reading.await {
            tracing::error!(%error, "reading the key set panicked");
        }
        self.0.known().map(|set| candidates(&set, kid, algorithm)).ok_or(NoKeys)
    }
}

impl Inner {
    fn known(&self) -> Option<Arc<JwkSet>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().map(|(set, _)| set.clone())
    }

    async fn read_unless_tried_within(&self, age: Duration) {
        let mut tried = self.tried.lock().await;
        if tried.is_some_and(|tried| tried.elapsed() < age) {
            return;
        }
        let read = self.read().await;
        *tried = Some(Instant::now());
        match read {
            Ok(set) => {
                let known = Some((Arc::new(set), Instant::now()));
                *self.known.lock().unwrap_or_else(PoisonError::into_inner) = known;
            }
            Err(error) => {
                tracing::warn!(error = chain(&error), "the key set is kept as it was");
            }
        }
    }

    async fn read(&self) -> Result<JwkSet, ReadError> {
        let bytes = match &self.place {
            Place::Url(client, url) => fetch(client, url).await?,
            Place::File(file) => std::fs::read(file).map_err(ReadError::File)?,
        };
        serde_json::from_slice(&bytes).map_err(ReadError::Shape)
    }
}

async fn fetch(client: &Client, url: &str) -> Result<Vec<u8>, ReadError> {
    let response = client.get(url).send().await.map_err(ReadError::Fetch)?;
    if response.status() != reqwest::StatusCode::OK {
        return Err(ReadError::Status(response.status()));
    }
    answer::read(response, SET_BYTES_MAX).await.map_err(|error| match error {
        AnswerError::Broken(source) => ReadError::Fetch(source),
        AnswerError::TooLong => ReadError::TooLong,
    })
}

/// Keys for signatures that fit the algorithm, and the id if the token names one.
fn candidates(set: &JwkSet, kid: Option<&str>, algorithm: Algorithm) -> Vec<DecodingKey> {
    set.keys
        .iter()
        .filter(|key| kid.is_none_or(|kid| key.common.key_id.as_deref() == Some(kid)))
        .filter(|key| fits(key, algorithm))
        .filter_map(|key| DecodingKey::from_jwk(key).ok())
        .collect()
}

fn fits(key: &Jwk, algorithm: Algorithm) -> bool {
    let for_signatures = key.common.public_key_use.as_ref().is_none_or(|it| *it == PublicKeyUse::Signature);
    let of_family = match &key.algorithm {
        AlgorithmParameters::RSA(_) => algorithm == Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(curve) => {
            algorithm == Algorithm::ES256 && curve.curve == EllipticCurve::P256
        }
        AlgorithmParameters::OctetKeyPair(pair) => {
            algorithm == Algorithm::EdDSA && pair.curve == EllipticCurve::Ed25519
        }
        _ => false,
    };
    for_signatures && of_family
}

#[expect(clippy::disallowed_methods, reason = "issuers tell nobody when they exchange their keys")]
async fn elapse(pause: Duration) {
    tokio::time::sleep(pause).await;
}
