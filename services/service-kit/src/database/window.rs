//! The schema gate: whether this build may work on the schema that the database has. Read from the database, never from file names.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use prometheus::IntGauge;
use sqlx::{PgConnection, Row};
use tokio_util::sync::CancellationToken;

use super::rights::{self, Rights};
use super::{Asker, Call, Database, DatabaseError, Kind, Outcome, Statement};
use crate::chain::chain;
use crate::lifecycle::every;
use crate::metrics::{Metrics, Name};
use crate::readiness::{Condition, Readiness};

/// The schema version that this build was written against: the highest expand in `migrations/`.
pub const APP_SCHEMA: i64 = 5;

/// The lowest schema version that this build can work on.
const REQUIRED_SCHEMA: i64 = 4;

/// A build of a service, as the database gets to know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Build {
    /// The service's name.
    pub service: &'static str,
    /// The schema version that it was written against.
    pub schema: i64,
    /// The lowest schema version that it can work on.
    pub requires: i64,
}

impl Build {
    /// This build of `service`.
    pub const fn of(service: &'static str) -> Self {
        Self { service, schema: APP_SCHEMA, requires: REQUIRED_SCHEMA }
    }

    /// What `pg_stat_activity` shows it by; a contract waits for those that are too old, which it tells by this.
    pub fn application_name(self) -> String {
        format!("atelier/{} schema={}", self.service, self.schema)
    }
}

/// How often the window is read.
const PERIOD: Duration = Duration::from_secs(1);

/// The name of the condition in `/readyz`.
const CONDITION: &str = "database";

/// What the database says of its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaWindow {
    /// The highest expand that was applied.
    pub version: i64,
    /// The oldest application that may still work here.
    pub min_app_schema: i64,
    /// How often the database was restored.
    pub history_epoch: i32,
    /// Whether who asks can neither change the schema nor rewrite history.
    pub is_least: bool,
    /// What who asks would need and may not do.
    pub lacking: Vec<String>,
}

/// Asks for the window, as seen by who needs these rights.
struct ReadWindow(Rights);

impl Statement for ReadWindow {
    const KIND: Kind = Kind::Read;
    type Question = ();
    type Answer = SchemaWindow;

    fn name(&self) -> &'static str {
        "schema_window"
    }

    async fn run(
        &self,
        connection: &mut PgConnection,
        questions: &[()],
    ) -> Result<Vec<Outcome<SchemaWindow>>, sqlx::Error> {
        let window = SchemaWindow::read(connection, self.0).await?;
        Ok(questions.iter().map(|()| Outcome::Answer(window.clone())).collect())
    }
}

impl SchemaWindow {
    /// Reads it, for a service that needs `rights`.
    pub async fn read(connection: &mut PgConnection, rights: Rights) -> Result<Self, sqlx::Error> {
        let row = sqlx::query(
            "SELECT (SELECT coalesce(max(version), 0) FROM atelier.schema_meta_files WHERE phase = 'expand')::int8,
                    min_app_schema::int8, history_epoch::int4,
                    NOT (has_schema_privilege('atelier', 'CREATE')
                        OR has_table_privilege('atelier.order_events', 'UPDATE, DELETE, TRUNCATE'))
             FROM atelier.schema_meta",
        )
        .fetch_one(&mut *connection)
        .await?;
        Ok(Self {
            lacking: rights::lacking(connection, rights).await?,
            version: row.try_get(0)?,
            min_app_schema: row.try_get(1)?,
            history_epoch: row.try_get(2)?,
            is_least: row.try_get(3)?,
        })
    }

    /// Why `build` may not work here; `None` where it may.
    pub fn refusal(&self, build: Build) -> Option<String> {
        let (Self { version, min_app_schema: min, .. }, Build { schema, requires, .. }) = (self, build);
        if *version < requires {
            return Some(format!(
                "the schema is at version {version}, this build needs {requires}: run the migrator"
            ));
        }
        if *min > schema {
            return Some(format!(
                "the schema takes builds of schema {min} and above, this one is of {schema}: deploy a newer one"
            ));
        }
        None
    }

    /// Why this login may not do this service's work; `None` where it may.
    pub fn lack(&self) -> Option<String> {
        let lacking = self.lacking.join(", ");
        (!lacking.is_empty()).then(|| {
            format!("this login lacks {lacking}: run the migrator, which makes the grants, or give the service its own login")
        })
    }
}

/// What the window says, at hand for every request.
#[derive(Debug, Clone, Default)]
pub struct Gate {
    epoch: Arc<AtomicI32>,
}

impl Gate {
    /// How often the database was restored: part of every entity tag and cursor.
    pub fn history_epoch(&self) -> i32 {
        self.epoch.load(Ordering::Relaxed)
    }
}

/// Starts watching: returns the gate, and the task that keeps it and the readiness of the process up to date.
pub fn gate(
    database: &Database,
    build: Build,
    rights: Rights,
    readiness: Readiness,
    metrics: &Metrics,
    stop: CancellationToken,
) -> (Gate, impl Future<Output = ()> + Send + use<>) {
    let gate = Gate::default();
    readiness.set(CONDITION, Condition::Unready("not reached yet".to_owned()));
    let mut watch = Watch {
        gate: gate.clone(),
        build,
        window: database.call(ReadWindow(rights)),
        readiness,
        version: metrics.gauge(Name::SchemaVersion),
        compatible: metrics.gauge(Name::SchemaCompatible),
        pending: metrics.gauge(Name::SchemaPending),
        least: metrics.gauge(Name::DbLeastPrivilege),
        fitted: false,
    };
    (gate, every(PERIOD, stop, async move || watch.look().await))
}

struct Watch {
    gate: Gate,
    build: Build,
    window: Call<ReadWindow>,
    readiness: Readiness,
    version: IntGauge,
    compatible: IntGauge,
    pending: IntGauge,
    least: IntGauge,
    fitted: bool,
}

impl Watch {
    async fn look(&mut self) {
        let read = self.window.ask(Asker::own(), ()).await;
        let condition = self.judge(read);
        self.readiness.set(CONDITION, condition);
    }

    /// A later outage keeps the process ready: it answers 503 itself, better than an edge that has nowhere to send to.
    fn judge(&mut self, read: Result<SchemaWindow, DatabaseError>) -> Condition {
        match read {
            Ok(window) => {
                let (refusal, lack) = (window.refusal(self.build), window.lack());
                self.version.set(window.version);
                self.compatible.set(i64::from(refusal.is_none()));
                self.pending.set((self.build.schema - window.version).max(0));
                self.least.set(i64::from(window.is_least));
                self.gate.epoch.store(window.history_epoch, Ordering::Relaxed);
                let why_not = refusal.or(lack);
                self.fitted = why_not.is_none();
                why_not.map_or(Condition::Ok, Condition::Unready)
            }
            Err(error) if self.fitted => Condition::Degraded(chain(&error)),
            Err(error) => Condition::Unready(chain(&error)),
        }
    }
}
