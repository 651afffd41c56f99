//! Workers: each owns one connection, takes work from the one queue, and drops its connection at the first doubt.
//!
//! A connection is suspect after a broken statement or a missed deadline and is never used again.
//! One worker's doubt is every worker's: the others ping theirs before they use them, so an outage is found once, not once a request.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus::{HistogramVec, IntCounterVec, IntGauge};
use sqlx::{ConnectOptions, Connection, PgConnection};
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::DatabaseConfig;
use super::error::{ConnectError, DatabaseError};
use super::job::{BoxFuture, Job, Verdict};
use super::queue::Queue;
use crate::fair::Share;
use crate::metrics::{Metrics, Name};

/// A connection that had nothing to do for this long is pinged before it is trusted.
const IDLE_MAX: Duration = Duration::from_secs(30);

/// The shortest and the longest pause between two attempts to connect.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// What the database work counts.
#[derive(Clone)]
pub struct DatabaseMetrics {
    statements: HistogramVec,
    connected: IntGauge,
    reconnects: IntCounterVec,
}

impl DatabaseMetrics {
    /// Registers them.
    pub fn new(metrics: &Metrics) -> Self {
        Self {
            statements: metrics.durations(Name::DbStatementDuration, &["statement"]),
            connected: metrics.gauges(Name::DbConnections, &["state"]).with_label_values(&["connected"]),
            reconnects: metrics.counters(Name::DbReconnects, &["reason"]),
        }
    }
}

/// The way to the database: a bounded queue, and workers behind it.
#[derive(Clone)]
pub struct Database {
    queue: Arc<Queue>,
    deadline: Duration,
    shared: Arc<Shared>,
}

struct Shared {
    connected: AtomicUsize,
    last_error: Mutex<Arc<ConnectError>>,
}

impl Database {
    /// Starts the workers and a task that ends when they have. Nothing waits for the database here.
    pub fn start(
        service: &'static str,
        config: &DatabaseConfig,
        metrics: &DatabaseMetrics,
        stop: &CancellationToken,
    ) -> (Self, impl Future<Output = ()> + Send + use<>) {
        let queue = Arc::new(Queue::new(config.queue_items_max, stop.clone()));
        let shared = Arc::new(Shared {
            connected: AtomicUsize::new(0),
            last_error: Mutex::new(Arc::new(ConnectError::NotTried)),
        });
        let (doubt, _) = watch::channel(0_u64);
        let tracker = TaskTracker::new();
        for _ in 0..config.connections {
            let worker = Worker {
                service,
                config: config.clone(),
                metrics: metrics.clone(),
                shared: shared.clone(),
                queue: queue.clone(),
                doubts: doubt.subscribe(),
                doubt: doubt.clone(),
                stop: stop.clone(),
            };
            tracker.spawn(worker.run());
        }
        tracker.close();
        let deadline = config.item_deadline();
        (Self { queue, deadline, shared }, async move { tracker.wait().await })
    }

    /// Runs `work` on a connection and waits for its answer until the deadline. It counts for `share`; `statement` names it
    /// in the metrics.
    pub async fn run<F, T>(&self, share: Share, statement: &'static str, work: F) -> Result<T, DatabaseError>
    where
        F: for<'c> FnOnce(&'c mut PgConnection) -> BoxFuture<'c, Result<T, sqlx::Error>> + Send + 'static,
        T: Send + 'static,
    {
        self.run_until(self.deadline(), share, statement, work).await
    }

    /// When work that is asked for now must have its answer.
    pub fn deadline(&self) -> Instant {
        Instant::now() + self.deadline
    }

    /// The same as [`Database::run`], with a deadline that several pieces of work share.
    pub async fn run_until<F, T>(
        &self,
        deadline: Instant,
        share: Share,
        statement: &'static str,
        work: F,
    ) -> Result<T, DatabaseError>
    where
        F: for<'c> FnOnce(&'c mut PgConnection) -> BoxFuture<'c, Result<T, sqlx::Error>> + Send + 'static,
        T: Send + 'static,
    {
        let (job, answer) = Job::new(deadline, statement, work);
        self.queue.push(share, job);
        match timeout_at(deadline, answer).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) | Err(_) => Err(self.shared.silence()),
        }
    }
}

impl Shared {
    /// Why there was no answer.
    fn silence(&self) -> DatabaseError {
        if self.connected.load(Ordering::Relaxed) > 0 {
            return DatabaseError::Deadline;
        }
        DatabaseError::Unreachable(self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

struct Worker {
    service: &'static str,
    config: DatabaseConfig,
    metrics: DatabaseMetrics,
    shared: Arc<Shared>,
    queue: Arc<Queue>,
    doubt: watch::Sender<u64>,
    doubts: watch::Receiver<u64>,
    stop: CancellationToken,
}

impl Worker {
    async fn run(mut self) {
        while let Some(connection) = self.connect().await {
            self.shared.connected.fetch_add(1, Ordering::Relaxed);
            self.metrics.connected.inc();
            let lost = self.serve(connection).await;
            self.metrics.connected.dec();
            self.shared.connected.fetch_sub(1, Ordering::Relaxed);
            let Some(reason) = lost else { return };
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
                attempt = self.attempt() => attempt,
            };
            match attempt {
                Ok(connection) => {
                    self.doubts.mark_unchanged();
                    return Some(connection);
                }
                Err(error) => {
                    tracing::debug!(%error, "connecting to the database failed");
                    *self.shared.last_error.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(error);
                }
            }
            tokio::select! {
                () = self.stop.cancelled() => return None,
                () = back_off(pause) => pause = (pause * 2).min(pause_max),
            }
        }
    }

    async fn attempt(&self) -> Result<PgConnection, ConnectError> {
        let options = self.config.connect_options(self.service).map_err(ConnectError::Options)?;
        match timeout(self.config.connect_timeout(), options.connect()).await {
            Ok(connected) => connected.map_err(ConnectError::Refused),
            Err(_) => Err(ConnectError::Timeout),
        }
    }

    /// Works until the connection is lost (why) or until it is time to stop (`None`).
    async fn serve(&mut self, mut connection: PgConnection) -> Option<&'static str> {
        enum Next {
            Job(Option<Job>),
            Check,
        }
        loop {
            let next = tokio::select! {
                biased;
                _ = self.doubts.changed() => Next::Check,
                job = self.queue.next() => Next::Job(job),
                () = back_off(IDLE_MAX) => Next::Check,
            };
            let verdict = match next {
                Next::Job(Some(job)) => self.work(job, &mut connection).await,
                Next::Job(None) => {
                    // The queue is drained: say goodbye, but never wait long for a server that may be gone.
                    let _ = timeout(self.config.connect_timeout(), connection.close()).await;
                    return None;
                }
                Next::Check => match timeout(self.config.connect_timeout(), connection.ping()).await {
                    Ok(Ok(())) => Verdict::Sound,
                    _ => Verdict::Suspect("ping"),
                },
            };
            if let Verdict::Suspect(reason) = verdict {
                if reason != "ping" {
                    self.doubt.send_modify(|count| *count += 1);
                }
                return Some(reason);
            }
        }
    }

    async fn work(&self, job: Job, connection: &mut PgConnection) -> Verdict {
        if job.deadline <= Instant::now() {
            return Verdict::Sound;
        }
        let (statement, started) = (job.statement, Instant::now());
        let verdict = job.run(connection).await;
        self.metrics.statements.with_label_values(&[statement]).observe(started.elapsed().as_secs_f64());
        verdict
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a pause between attempts: a server that comes back tells nobody"
)]
async fn back_off(pause: Duration) {
    tokio::time::sleep(pause).await;
}
