//! The `[database]` section of a service: where the database is, and how long anything there may take.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use tokio::time::timeout;

use super::address::{ConnectOptionsError, DatabaseAddress};
use super::error::ConnectError;
use super::window::Build;
use crate::config::Mistakes;

/// How long a statement waits for a lock. Short, because a worker's connection waits with it: whoever asked tries again.
const LOCK_TIMEOUT_MS: u64 = 100;

/// The `[database]` section.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct DatabaseConfig {
    /// Where it is, and who we are there.
    #[serde(flatten)]
    pub address: DatabaseAddress,
    /// Connections for reading, one worker each. While a statement is in flight requests gather for the next one, so few do much.
    #[schemars(range(min = 1, max = 1_000))]
    pub read_connections: usize,
    /// Connections for writing, one worker each. 0 in a service that writes nothing.
    #[schemars(range(min = 0, max = 1_000))]
    pub write_connections: usize,
    /// Requests that one statement answers at most; with 1 each has its own.
    #[schemars(range(min = 1, max = 1_000))]
    pub batch_items_max: usize,
    /// How long connecting may take. Milliseconds.
    #[schemars(range(min = 1, max = 60_000))]
    pub connect_timeout_ms: u64,
    /// How long a request waits for its answer from the database, its time in the queue included. Milliseconds.
    #[schemars(range(min = 1, max = 60_000))]
    pub item_deadline_ms: u64,
    /// How long the server lets one statement run. Milliseconds.
    #[schemars(range(min = 1, max = 600_000))]
    pub statement_timeout_ms: u64,
    /// Answers every write 503 while reads go on, for a failover or a restore. Read again on SIGHUP; the ops port takes
    /// `PUT /read-only` from this machine.
    pub read_only: bool,
    /// Requests of one kind that may wait for their statement; further ones are answered 503 at once.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub queue_items_max: usize,
}

impl DatabaseConfig {
    /// Adds what is wrong between the keys.
    pub fn check(&self, mistakes: &mut Mistakes<'_>) {
        self.address.check(mistakes);
    }

    /// A new connection of `build`. A pooler that refuses our time-outs is asked without them: then those of the login hold.
    pub async fn connect(&self, build: Build) -> Result<PgConnection, ConnectError> {
        let options = self.connect_options(build).map_err(ConnectError::Options)?;
        match self.attempt(&options).await {
            Err(ConnectError::Refused(error)) if is_unknown_parameter(&error) => {
                tracing::warn!(
                    %error,
                    "a pooler takes no time-outs from us: set statement_timeout and lock_timeout for the login (ALTER ROLE … SET)"
                );
                self.attempt(&self.plain_options(build).map_err(ConnectError::Options)?).await
            }
            connected => connected,
        }
    }

    async fn attempt(&self, options: &PgConnectOptions) -> Result<PgConnection, ConnectError> {
        match timeout(self.connect_timeout(), options.connect()).await {
            Ok(connected) => connected.map_err(ConnectError::Refused),
            Err(_) => Err(ConnectError::Timeout),
        }
    }

    /// The options of a new connection of `build`.
    pub fn connect_options(&self, build: Build) -> Result<PgConnectOptions, ConnectOptionsError> {
        Ok(self.plain_options(build)?.options([
            ("statement_timeout", self.statement_timeout_ms.to_string()),
            ("lock_timeout", LOCK_TIMEOUT_MS.to_string()),
        ]))
    }

    fn plain_options(&self, build: Build) -> Result<PgConnectOptions, ConnectOptionsError> {
        Ok(self.address.connect_options()?.application_name(&build.application_name()))
    }

    /// How long connecting may take.
    pub fn connect_timeout(&self) -> Duration {
        Duration::from_millis(self.connect_timeout_ms)
    }

    /// How long a request waits for its answer.
    pub fn item_deadline(&self) -> Duration {
        Duration::from_millis(self.item_deadline_ms)
    }
}

/// As PgBouncer says it, which knows few parameters of a start-up packet (its own `ignore_startup_parameters` hides them).
fn is_unknown_parameter(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| {
        error.code().as_deref() == Some("08P01") && error.message().contains("unsupported startup parameter")
    })
}
