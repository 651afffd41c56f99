//! The way to PostgreSQL: statements that answer many requests at once, on connections each owned by one worker.
//!
//! No pool stands on the request path: sqlx's pings on acquire and on release, three round trips for one small query, and
//! without its pings it does not notice a connection that fell silent.
//! Reads and writes have workers of their own, so that neither waits for the other.

mod address;
mod call;
mod config;
mod error;
mod group;
mod read_only;
mod rights;
mod statement;
mod window;
mod worker;

pub use address::{ConnectOptionsError, DATABASE_KEYS, DatabaseAddress, SslMode};
pub use call::Call;
pub use config::DatabaseConfig;
pub use error::{ConnectError, DatabaseError, is_suspect};
pub use read_only::ReadOnly;
pub use rights::Rights;
pub use statement::{Asker, BoxFuture, Kind, Outcome, Statement};
pub use window::{APP_SCHEMA, Build, Gate, SchemaWindow, gate};
pub use worker::DatabaseMetrics;

use std::iter;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::group::Group;
use self::worker::Worker;

/// The way to the database.
#[derive(Clone)]
pub struct Database {
    config: Arc<DatabaseConfig>,
    metrics: DatabaseMetrics,
    reach: Arc<Reach>,
    readers: Arc<Group>,
    writers: Arc<Group>,
}

/// Whether there is a way at all.
struct Reach {
    connected: AtomicUsize,
    /// When the last connection was lost.
    lost_at: Mutex<Option<Instant>>,
    last_error: Mutex<Arc<ConnectError>>,
}

impl Database {
    /// The way there, and the work of each worker, which ends when it is time to stop and nothing waits any more. Nothing here
    /// waits for the database.
    pub fn new(
        build: Build,
        config: &DatabaseConfig,
        metrics: &DatabaseMetrics,
        stop: &CancellationToken,
    ) -> (Self, Vec<impl Future<Output = ()> + Send + use<>>) {
        let database = Self {
            config: Arc::new(config.clone()),
            metrics: metrics.clone(),
            reach: Arc::default(),
            readers: Arc::new(Group::new(stop.clone())),
            writers: Arc::new(Group::new(stop.clone())),
        };
        let (doubt, _) = watch::channel(0_u64);
        let readers = iter::repeat_n(&database.readers, config.read_connections);
        let writers = iter::repeat_n(&database.writers, config.write_connections);
        let workers = readers
            .chain(writers)
            .map(|group| Worker::new(build, &database, group, &doubt, stop.clone()).run())
            .collect();
        (database, workers)
    }

    /// A way to ask `statement`. Each has a queue of its own; those of one kind share their workers in turns.
    pub fn call<S: Statement>(&self, statement: S) -> Call<S> {
        let group = match S::KIND {
            Kind::Read => &self.readers,
            Kind::Write => &self.writers,
        };
        Call::new(statement, self, group.clone())
    }
}

impl Default for Reach {
    fn default() -> Self {
        Self {
            connected: AtomicUsize::new(0),
            lost_at: Mutex::default(),
            last_error: Mutex::new(Arc::new(ConnectError::NotTried)),
        }
    }
}

impl Reach {
    /// Whether there has been no connection since `asked`: then nothing that was asked since was sent.
    fn was_out_since(&self, asked: Instant) -> bool {
        let lost_at = *self.lost_at.lock().unwrap_or_else(PoisonError::into_inner);
        self.connected.load(Ordering::Relaxed) == 0 && lost_at.is_none_or(|lost_at| lost_at < asked)
    }

    /// Why nobody can be reached, if nobody can.
    fn trouble(&self) -> Option<DatabaseError> {
        if self.connected.load(Ordering::Relaxed) > 0 {
            return None;
        }
        let cause = self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Some(DatabaseError::Unreachable(cause))
    }

    fn connected(&self) {
        self.connected.fetch_add(1, Ordering::Relaxed);
    }

    fn disconnected(&self) {
        *self.lost_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        self.connected.fetch_sub(1, Ordering::Relaxed);
    }

    fn failed(&self, error: ConnectError) {
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(error);
    }
}
