//! One model: what is remembered of it, else one call for all who want it, if the breaker lets it pass and a place is free.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use order_model::ModelId;
use prometheus::{IntCounter, IntCounterVec, IntGauge};
use reqwest::header::HeaderValue;
use service_kit::chain;
use service_kit::fair::{Places, Share};
use service_kit::metrics::{Metrics, Name};
use service_kit::readiness::{Condition, Readiness};
use service_kit::telemetry::TraceContext;
use tokio::time::timeout;

use super::breaker::{Breaker, BreakerState};
use super::cache::{Cache, Entry, Known, Remembered};
use super::client::{CatalogClient, ClientError, LookupError, Reply};
use super::config::CatalogConfig;
use super::flights::{Flights, Waiting};

/// How many look-ups may wait for a place, for each that is under way.
const WAITING_PER_PLACE: usize = 64;

/// The name of the condition in `/readyz`.
const CONDITION: &str = "catalog";

/// For whom something is looked up.
#[derive(Debug, Clone)]
pub(crate) struct Asker {
    /// Whose share of the way to the catalog it takes.
    pub(crate) share: Share,
    /// Which trace it belongs to.
    pub(crate) trace: TraceContext,
}

/// The way to single models.
#[derive(Clone)]
pub(super) struct Lookups(Arc<Inner>);

struct Inner {
    client: CatalogClient,
    cache: Cache,
    breaker: Mutex<Breaker>,
    flights: Flights<ModelId, Option<Known>>,
    places: Places,
    timeout: Duration,
    readiness: Readiness,
    calls: IntCounterVec,
    cached: IntCounterVec,
    /// Of those, what nearly every look comes to.
    hits: IntCounter,
    breaker_state: IntGauge,
}

impl Lookups {
    pub(super) fn new(
        config: &CatalogConfig,
        metrics: &Metrics,
        readiness: Readiness,
    ) -> Result<Self, ClientError> {
        let cached = metrics.counters(Name::CatalogCache, &["outcome"]);
        Ok(Self(Arc::new(Inner {
            client: CatalogClient::new(config)?,
            cache: Cache::new(&config.cache),
            breaker: Mutex::new(Breaker::new(&config.breaker, Instant::now())),
            flights: Flights::new(),
            places: Places::new(config.requests_max, config.requests_max * WAITING_PER_PLACE),
            timeout: config.request_timeout(),
            readiness,
            calls: metrics.counters(Name::CatalogRequests, &["outcome"]),
            hits: cached.with_label_values(&["hit"]),
            cached,
            breaker_state: metrics.gauge(Name::CatalogBreaker),
        })))
    }

    /// What is remembered of a model; nobody is asked.
    pub(super) fn remembered(&self, id: &ModelId) -> Remembered {
        let remembered = self.0.cache.look(id, Instant::now());
        match &remembered {
            Remembered::Fresh(Some(_)) => self.0.hits.inc(),
            Remembered::Fresh(None) => self.0.count_cached("negative"),
            Remembered::Stale(_) => self.0.count_cached("stale"),
            // Whether it is a miss, or is being looked up already, shows later.
            Remembered::Nothing => {}
        }
        remembered
    }

    /// Looks a model up; `None` where nothing can be learnt of it.
    pub(super) async fn look_up(&self, id: &ModelId, asker: &Asker) -> Option<Known> {
        if let Some(under_way) = self.0.flights.join(id) {
            self.0.count_cached("coalesced");
            return under_way.await.ok()?;
        }
        self.0.count_cached("miss");
        self.start(*id, None, asker)?.await.ok()?
    }

    /// Asks for a model again whose time is up, behind everybody's back: the next page shows what it brings.
    pub(super) fn refresh(&self, id: ModelId, stale: Arc<Entry>, asker: &Asker) {
        if self.0.flights.join(&id).is_none() {
            drop(self.start(id, Some(stale), asker));
        }
    }

    fn start(&self, id: ModelId, stale: Option<Arc<Entry>>, asker: &Asker) -> Option<Waiting<Option<Known>>> {
        if !self.0.with_breaker(Breaker::admit) {
            self.0.count_call("breaker_open");
            return None;
        }
        let (inner, asker) = (self.0.clone(), asker.clone());
        Some(self.0.flights.start(id, async move { inner.fly(id, stale, &asker).await }))
    }
}

impl Inner {
    async fn fly(&self, id: ModelId, stale: Option<Arc<Entry>>, asker: &Asker) -> Option<Known> {
        // A flight that landed a moment ago may have brought it.
        if let Remembered::Fresh(known) = self.cache.look(&id, Instant::now()) {
            return Some(known);
        }
        let tag = stale.as_ref().and_then(|stale| stale.tag.clone());
        // Whoever finds no place in time has not asked the catalog: that says nothing of it.
        let Ok(Ok(_place)) = timeout(self.timeout, self.places.take(asker.share)).await else {
            self.count_call("shed");
            return None;
        };
        let reply = self.call(&id, tag.as_ref(), asker).await;
        self.record(reply.as_ref().is_err_and(LookupError::is_the_catalogs));
        let (known, tag) = match (reply.ok()?, stale) {
            (Reply::Found(details, tag), _) => (Some(Arc::from(details.written())), tag),
            (Reply::Unchanged, Some(stale)) => (stale.known.clone(), stale.tag.clone()),
            (Reply::Missing | Reply::Unchanged, _) => (None, None),
        };
        self.cache.keep(id, Entry::new(known.clone(), tag, Instant::now()));
        Some(known)
    }

    async fn call(
        &self,
        id: &ModelId,
        tag: Option<&HeaderValue>,
        asker: &Asker,
    ) -> Result<Reply, LookupError> {
        let mut call = self.client.call(&asker.trace);
        let reply = self.client.model(id, tag, &mut call).await;
        let outcome = match &reply {
            Ok(Reply::Found(..)) => "found",
            Ok(Reply::Missing) => "missing",
            Ok(Reply::Unchanged) => "unchanged",
            Err(error) => {
                let outcome = error.as_outcome();
                tracing::debug!(error = chain(error), outcome, "a model could not be looked up");
                call.failed(outcome);
                outcome
            }
        };
        self.count_call(outcome);
        reply
    }

    fn record(&self, failed: bool) {
        self.with_breaker(|breaker, now| breaker.record(now, failed));
    }

    /// Lets `act` on the breaker, and tells the world where it stands afterwards.
    fn with_breaker<T>(&self, act: impl FnOnce(&mut Breaker, Instant) -> T) -> T {
        let mut breaker = self.breaker.lock().unwrap_or_else(PoisonError::into_inner);
        let before = breaker.state();
        let result = act(&mut breaker, Instant::now());
        let state = breaker.state();
        if state != before {
            self.breaker_state.set(match state {
                BreakerState::Closed => 0,
                BreakerState::HalfOpen => 1,
                BreakerState::Open => 2,
            });
            let away =
                "the catalog fails; it is left alone, and models that are not remembered are unavailable";
            self.readiness.set(
                CONDITION,
                match state {
                    BreakerState::Closed => Condition::Ok,
                    BreakerState::HalfOpen | BreakerState::Open => Condition::Degraded(away.to_owned()),
                },
            );
        }
        result
    }

    fn count_call(&self, outcome: &'static str) {
        self.calls.with_label_values(&[outcome]).inc();
    }

    fn count_cached(&self, outcome: &'static str) {
        self.cached.with_label_values(&[outcome]).inc();
    }
}
