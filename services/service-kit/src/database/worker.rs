//! Workers: each owns one connection, takes statements from its group, and drops its connection at the first doubt.
//!
//! A connection is suspect after a broken statement or a missed deadline and is never used again.
//! One worker's doubt is every worker's: the others ping theirs before they use them, so an outage is found once, not once a request.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use prometheus::{Histogram, HistogramVec, IntCounterVec, IntGauge};
use sqlx::{Connection, PgConnection};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::group::{Group, Taken, Verdict};
use super::{Build, Database, DatabaseConfig, Reach};
use crate::metrics::{BATCH_BUCKETS, Metrics, Name};

/// A connection that had nothing to do for this long is pinged before it is trusted.
const IDLE_MAX: Duration = Duration::from_secs(30);

/// The shortest and the longest pause between two attempts to connect.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// What the database work counts.
#[derive(Clone)]
pub struct DatabaseMetrics {
    pub(super) durations: HistogramVec,
    pub(super) batch_sizes: HistogramVec,
    pub(super) batch_waits: Histogram,
    connected: IntGauge,
    reconnects: IntCounterVec,
}

impl DatabaseMetrics {
    /// Registers them.
    pub fn new(metrics: &Metrics) -> Self {
        Self {
            durations: metrics.durations(Name::DbStatementDuration, &["statement"]),
            batch_sizes: metrics.histograms(Name::BatchSize, &["statement"], BATCH_BUCKETS),
            batch_waits: metrics.duration(Name::BatchWait),
            connected: metrics.gauges(Name::DbConnections, &["state"]).with_label_values(&["connected"]),
            reconnects: metrics.counters(Name::DbReconnects, &["reason"]),
        }
    }
}

/// One connection, and what happens on it.
pub(super) struct Worker {
    build: Build,
    config: Arc<DatabaseConfig>,
    metrics: DatabaseMetrics,
    reach: Arc<Reach>,
    group: Arc<Group>,
    doubt: watch::Sender<u64>,
    doubts: watch::Receiver<u64>,
    stop: CancellationToken,
}

impl Worker {
    pub(super) fn new(
        build: Build,
        database: &Database,
        group: &Arc<Group>,
        doubt: &watch::Sender<u64>,
        stop: CancellationToken,
    ) -> Self {
        Self {
            build,
            config: database.config.clone(),
            metrics: database.metrics.clone(),
            reach: database.reach.clone(),
            group: group.clone(),
            doubt: doubt.clone(),
            doubts: doubt.subscribe(),
            stop,
        }
    }

    pub(super) async fn run(mut self) {
        while let Some(connection) = self.connect().await {
            self.reach.connected();
            self.metrics.connected.inc();
            let lost = self.serve(connection).await;
            self.metrics.connected.dec();
            self.reach.disconnected();
            let Some(reason) = lost else { return };
            // What came back meanwhile is another worker's to take.
            self.group.notify();
            self.metrics.reconnects.with_label_values(&[reason]).inc();
            tracing::warn!(reason, "a database connection is given up");
        }
    }

    /// A connection, however long it takes; `None` when it is time to stop.
    async fn connect(&mut self) -> Option<PgConnection> {
        let (mut pause, pause_max) = BACKOFF;
        loop {
            let attempt = tokio::select! {
                () = self.stop.cancelled() => return None,
                attempt = self.config.connect(self.build) => attempt,
            };
            match attempt {
                Ok(connection) => {
                    self.doubts.mark_unchanged();
                    return Some(connection);
                }
                Err(error) => {
                    tracing::debug!(%error, "connecting to the database failed");
                    self.reach.failed(error);
                }
            }
            tokio::select! {
                () = self.stop.cancelled() => return None,
                () = back_off(pause) => pause = (pause * 2).min(pause_max),
            }
        }
    }

    /// Works until the connection is lost (why) or until it is time to stop (`None`).
    async fn serve(&mut self, mut connection: PgConnection) -> Option<&'static str> {
        enum Next {
            Work(Option<Box<dyn Taken>>),
            Check,
        }
        loop {
            let next = tokio::select! {
                biased;
                _ = self.doubts.changed() => Next::Check,
                taken = self.group.next() => Next::Work(taken),
                () = back_off(IDLE_MAX) => Next::Check,
            };
            let verdict = match next {
                // A statement that panics costs its connection and its own askers their answer, and nobody else anything.
                Next::Work(Some(taken)) => AssertUnwindSafe(taken.answer(&mut connection))
                    .catch_unwind()
                    .await
                    .unwrap_or(Verdict::Suspect("panic")),
                Next::Work(None) => {
                    // The queue is drained: say goodbye, but never wait long for a server that may be gone.
                    let _ = timeout(self.config.connect_timeout(), connection.close()).await;
                    return None;
                }
                Next::Check => {
                    // It may have been woken for work that it does not look at now.
                    self.group.notify();
                    match timeout(self.config.connect_timeout(), connection.ping()).await {
                        Ok(Ok(())) => Verdict::Sound,
                        _ => Verdict::Suspect("ping"),
                    }
                }
            };
            if let Verdict::Suspect(reason) = verdict {
                if reason != "ping" {
                    self.doubt.send_modify(|count| *count += 1);
                }
                return Some(reason);
            }
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a pause between attempts: a server that comes back tells nobody"
)]
async fn back_off(pause: Duration) {
    tokio::time::sleep(pause).await;
}
