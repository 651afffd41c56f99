//! Metrics: one registry a process, every name written once, in [`Name`].
//! A label's values are a closed set: nothing that a caller invents may add a series.

mod described;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus::core::{Collector, Desc};
use prometheus::process_collector::ProcessCollector;
use prometheus::proto::MetricFamily;
use prometheus::{
    Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder,
};

use self::described::Described;
use crate::http::{Code, codes};
use crate::telemetry;

/// Upper bounds of the duration buckets, in seconds: from half a millisecond, where a batched read lands, to past every deadline.
const DURATION_BUCKETS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Upper bounds of the buckets of batch sizes.
pub(crate) const BATCH_BUCKETS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0];

macro_rules! names {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $help:literal;)*) => {
        /// Every metric's name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Name { $($(#[$doc])* $variant),* }

        impl Name {
            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// What it counts, in a sentence.
            pub const fn help(self) -> &'static str {
                match self { $(Self::$variant => $help),* }
            }
        }
    };
}

names! {
    /// Requests by route.
    HttpDuration = "http_server_request_duration_seconds", "Time from a request's headers to its answer.";
    /// Requests in flight.
    HttpActive = "http_server_active_requests", "Requests being served now.";
    /// Refused work.
    HttpShed = "http_server_shed_total", "Requests refused to keep the others fast: more waited than could be done in time (overloaded), or one caller asked too often (rate_limited).";
    /// Moves.
    OrderTransitions = "order_transitions_total", "Moves asked of orders, by what became of them.";
    /// Creates.
    OrdersCreated = "orders_created_total", "Creates asked for, by what became of them.";
    /// Replays.
    IdempotentReplays = "idempotent_replays_total", "Creates answered from an earlier one with the same Idempotency-Key.";
    /// Statements.
    DbStatementDuration = "db_statement_duration_seconds", "Time on the connection of one piece of database work.";
    /// Batches.
    BatchSize = "batch_size", "Requests that one statement answered.";
    /// Waiting for a statement.
    BatchWait = "batch_wait_seconds", "Time from a request's question to the statement that takes it along.";
    /// Connections.
    DbConnections = "db_connections", "Database connections by state.";
    /// Reconnects.
    DbReconnects = "db_reconnects_total", "Database connections given up, by reason.";
    /// Catalog calls.
    CatalogRequests = "catalog_requests_total", "Calls to the catalog, by what came of them.";
    /// The catalog's cache.
    CatalogCache = "catalog_cache_total", "Models asked of the cache, by how it answered.";
    /// The catalog's breaker.
    CatalogBreaker = "catalog_breaker_state", "Whether the catalog is asked at all: 0 yes, 1 by one call that tries it, 2 no.";
    /// The schema found.
    SchemaVersion = "schema_version", "The schema version that the database is at; 0 until it was read.";
    /// The schema gate.
    SchemaCompatible = "schema_compatible", "1 when this build may work on the database's schema.";
    /// The schema that is missing.
    SchemaPending = "schema_pending", "Schema versions that this build knows and the database does not have yet.";
    /// Rights in the database.
    DbLeastPrivilege = "db_least_privilege", "1 when the login in use can neither change the schema nor rewrite history.";
    /// The issuer's keys.
    JwksAge = "jwks_age_seconds", "Time since the issuer's keys were last read, or since the start where they never were.";
    /// Spans that were lost.
    OtlpDropped = "otlp_dropped_total", "Spans that no collector got, because too many waited or because it did not take them.";
    /// Lines that were lost.
    LogLinesDropped = "log_lines_dropped_total", "Lines of the log that were dropped because whoever reads it was too slow.";
    /// Passes of the operator.
    OperatorPasses = "operator_passes_total", "Passes of the controller over a SchemaMigration, by whether they came to their end.";
    /// How long they take.
    OperatorPassDuration = "operator_pass_duration_seconds", "Time that one pass over a SchemaMigration took.";
    /// Broken watches.
    OperatorWatchesInterrupted = "operator_watches_interrupted_total", "Watches of the cluster that broke and were begun again.";
    /// The lead.
    OperatorLeads = "operator_leads", "1 where this process holds the lease and works.";
    /// How the migrations stand.
    OperatorMigrations = "operator_schema_migrations", "SchemaMigrations by the reason of their condition Ready.";
    /// Drift that the operator sees.
    OperatorDrifted = "operator_schema_migrations_drifted", "SchemaMigrations whose database is not what the migrations made of it.";
    /// The build.
    BuildInfo = "build_info", "Always 1; the labels say what runs.";
}

/// The registry of one process, handed to whatever counts.
#[derive(Clone)]
pub struct Metrics {
    registry: Registry,
    lines_dropped: Arc<Mutex<IntCounter>>,
    described: Arc<Mutex<Vec<Described>>>,
}

impl Metrics {
    /// An empty registry with the build's and the process's own metrics.
    pub fn new(service: &'static str) -> Self {
        let (registry, name) = (Registry::new(), Name::LogLinesDropped);
        let lines_dropped = well_formed(IntCounter::with_opts(Opts::new(name.as_str(), name.help())));
        let metrics = Self {
            registry,
            lines_dropped: Arc::new(Mutex::new(lines_dropped.clone())),
            described: Arc::default(),
        };
        metrics.describe(name, "counter", &[]);
        metrics.register(Box::new(lines_dropped));
        metrics.register(Box::new(ProcessCollector::for_self()));
        metrics
            .gauges(Name::BuildInfo, &["service", "version"])
            .with_label_values(&[service, env!("CARGO_PKG_VERSION")])
            .set(1);
        metrics
    }

    /// Everything, in the text format of Prometheus.
    pub fn render(&self) -> String {
        {
            // The log counts for itself; two who look at once must not count the same lines twice.
            let counter = self.lines_dropped.lock().unwrap_or_else(PoisonError::into_inner);
            counter.inc_by(telemetry::lines_dropped().saturating_sub(counter.get()));
        }
        TextEncoder::new().encode_to_string(&self.registry.gather()).unwrap_or_else(|error| {
            tracing::error!(%error, "metrics could not be written");
            String::new()
        })
    }

    /// What is registered, as a table for people to read; the process's own metrics are not among it.
    pub fn table(&self) -> String {
        described::table(&self.described.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn describe(&self, name: Name, kind: &'static str, labels: &[&str]) {
        let labels = labels.iter().map(|label| (*label).to_owned()).collect();
        let mut described = self.described.lock().unwrap_or_else(PoisonError::into_inner);
        described.push(Described { name, kind, labels });
    }

    /// A counter.
    pub fn counter(&self, name: Name) -> IntCounter {
        self.describe(name, "counter", &[]);
        self.keep(IntCounter::with_opts(Opts::new(name.as_str(), name.help())))
    }

    /// A counter by labels.
    pub fn counters(&self, name: Name, labels: &[&str]) -> IntCounterVec {
        self.describe(name, "counter", labels);
        self.keep(IntCounterVec::new(Opts::new(name.as_str(), name.help()), labels))
    }

    /// A gauge by labels.
    pub fn gauges(&self, name: Name, labels: &[&str]) -> IntGaugeVec {
        self.describe(name, "gauge", labels);
        self.keep(IntGaugeVec::new(Opts::new(name.as_str(), name.help()), labels))
    }

    /// A gauge.
    pub fn gauge(&self, name: Name) -> IntGauge {
        self.describe(name, "gauge", &[]);
        self.keep(IntGauge::with_opts(Opts::new(name.as_str(), name.help())))
    }

    /// A gauge that is read when somebody looks.
    pub fn gauge_of(&self, name: Name, read: impl Fn() -> f64 + Send + Sync + 'static) {
        self.describe(name, "gauge", &[]);
        let gauge = well_formed(Gauge::with_opts(Opts::new(name.as_str(), name.help())));
        self.register(Box::new(ReadGauge { gauge, read }));
    }

    /// Durations by labels, in seconds.
    pub fn durations(&self, name: Name, labels: &[&str]) -> HistogramVec {
        self.histograms(name, labels, DURATION_BUCKETS)
    }

    /// Durations, in seconds.
    pub fn duration(&self, name: Name) -> Histogram {
        self.describe(name, "histogram", &[]);
        let options = HistogramOpts::new(name.as_str(), name.help()).buckets(DURATION_BUCKETS.to_vec());
        self.keep(Histogram::with_opts(options))
    }

    /// Amounts by labels, counted in `buckets`.
    pub(crate) fn histograms(&self, name: Name, labels: &[&str], buckets: &[f64]) -> HistogramVec {
        self.describe(name, "histogram", labels);
        let options = HistogramOpts::new(name.as_str(), name.help()).buckets(buckets.to_vec());
        self.keep(HistogramVec::new(options, labels))
    }

    fn keep<C: Collector + Clone + 'static>(&self, made: prometheus::Result<C>) -> C {
        let metric = well_formed(made);
        self.register(Box::new(metric.clone()));
        metric
    }

    #[expect(clippy::expect_used, reason = "registering twice is a bug that the first start shows")]
    fn register(&self, metric: Box<dyn Collector>) {
        self.registry.register(metric).expect("each metric is registered once");
    }
}

/// A gauge whose value is found when it is collected.
struct ReadGauge<F> {
    gauge: Gauge,
    read: F,
}

impl<F: Fn() -> f64 + Send + Sync> Collector for ReadGauge<F> {
    fn desc(&self) -> Vec<&Desc> {
        self.gauge.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.gauge.set((self.read)());
        self.gauge.collect()
    }
}

#[expect(clippy::expect_used, reason = "names and labels are constants; a test of every binary renders them")]
fn well_formed<C>(made: prometheus::Result<C>) -> C {
    made.expect("a metric's name and labels are well-formed")
}

/// What is refused for the others' sake.
const SHED: [Code; 2] = [codes::OVERLOADED, codes::RATE_LIMITED];

/// What the HTTP edge counts.
#[derive(Clone)]
pub struct HttpMetrics {
    duration: HistogramVec,
    active: IntGauge,
    shed: IntCounterVec,
}

impl HttpMetrics {
    /// Registers them.
    pub fn new(metrics: &Metrics) -> Self {
        let shed = metrics.counters(Name::HttpShed, &["reason"]);
        // There from the start, so that the first one is seen as a change.
        for code in SHED {
            shed.with_label_values(&[code.name]);
        }
        Self {
            duration: metrics.durations(Name::HttpDuration, &["method", "route", "status"]),
            active: metrics.gauge(Name::HttpActive),
            shed,
        }
    }

    pub(crate) fn observe(&self, method: &str, route: &str, status: &str, duration: Duration) {
        self.duration.with_label_values(&[method, route, status]).observe(duration.as_secs_f64());
    }

    /// Counts a request that was refused for the others' sake, by the code of its problem.
    pub(crate) fn shed(&self, code: Code) {
        if SHED.contains(&code) {
            self.shed.with_label_values(&[code.name]).inc();
        }
    }

    /// Counts a request until the answer is dropped.
    pub(crate) fn active(&self) -> ActiveRequest {
        self.active.inc();
        ActiveRequest(self.active.clone())
    }
}

/// One request in flight; also one whose client left, which is dropped without an answer.
pub(crate) struct ActiveRequest(IntGauge);

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        self.0.dec();
    }
}
