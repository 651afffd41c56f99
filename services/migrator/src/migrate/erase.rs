//! `erase`: a person becomes nobody. A random token takes their place in orders and events, their words go, and so do their keys: all in
//! one transaction with the record of it, which is what the guards of history ask (migration 0005).
//!
//! Nothing here may log or answer who the person is, or which token stands for them: that would undo it.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Connection, FromRow, query, query_as};

use super::backoff::Backoff;
use super::change::{self, ChangeError, ChangeOptions};
use super::session;

/// A person, by the names that the services know people by. Each is of a kind of its own: a user id is no username.
#[derive(Clone)]
pub struct Person {
    /// As requester, as operator, and as sender of an `Idempotency-Key`.
    pub user_id: Option<String>,
    /// As creator.
    pub username: Option<String>,
    /// Whether the parameters of the orders that they requested go, too.
    pub with_params: bool,
}

/// What there is of a person, or was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, FromRow, serde::Serialize)]
pub struct Traces {
    /// Orders that they requested.
    pub requested: i64,
    /// Orders that they make or made.
    pub created: i64,
    /// Events that they caused.
    pub events: i64,
    /// Reasons that they wrote, of alerts that are raised now.
    pub alert_reasons: i64,
    /// Their idempotency keys.
    pub keys: i64,
    /// Orders whose parameters are emptied.
    pub params: i64,
}

/// What was done, or would be.
#[derive(Debug, serde::Serialize)]
pub struct Erased {
    /// Whether nothing was written.
    pub is_plan: bool,
    /// The records in `atelier.erasures`; none where there was nothing to erase.
    pub erasures: Vec<i64>,
    /// Of what.
    #[serde(flatten)]
    pub traces: Traces,
}

/// Why nobody was erased; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// It could not begin, or was stopped.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// The database cannot record an erasure.
    #[error("the database is not at this release's schema: run `migrator up` first")]
    SchemaBehind,
    /// Others were at the rows each time.
    #[error("nobody was erased: the rows were locked by others each time; try again")]
    Busy(#[source] sqlx::Error),
    /// A statement failed.
    #[error("nobody was erased")]
    Failed(#[source] sqlx::Error),
}

const PAUSE_FIRST: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// How often it looks again: a move that was being decided meanwhile may write the name once more.
const PASSES: usize = 5;

const COUNT: &str = "SELECT
    (SELECT count(*) FROM atelier.orders WHERE requester_id = $1) AS requested,
    (SELECT count(*) FROM atelier.orders WHERE created_by = $2) AS created,
    (SELECT count(*) FROM atelier.order_events
        WHERE (actor = $1 AND role <> 'creator') OR (actor = $2 AND role = 'creator')) AS events,
    (SELECT count(*) FROM atelier.orders AS o WHERE alert_reason IS NOT NULL AND EXISTS (
        SELECT FROM atelier.order_events AS e WHERE e.order_id = o.order_id AND e.reason = o.alert_reason
            AND ((e.actor = $1 AND e.role <> 'creator') OR (e.actor = $2 AND e.role = 'creator')))) AS alert_reasons,
    (SELECT count(*) FROM atelier.idempotency_keys WHERE caller = $1) AS keys,
    (SELECT count(*) FROM atelier.orders WHERE requester_id = $1 AND $3 AND custom_params <> '{}') AS params";

/// Whom the statements are about.
const WHO: &str = "WITH who AS (SELECT $1::text AS user_id, $2::text AS username, $3::text AS token, $4::bool AS with_params)";

/// The statements of an erasure, in their order. An order of theirs forgets what it looked like in the database that it was adopted from:
/// that was made of their name, too.
const STATEMENTS: [&str; 5] = [
    "UPDATE atelier.orders AS o SET alert_reason = NULL FROM who WHERE o.alert_reason IS NOT NULL AND EXISTS (
        SELECT FROM atelier.order_events AS e WHERE e.order_id = o.order_id AND e.reason = o.alert_reason
            AND ((e.actor = who.user_id AND e.role <> 'creator') OR (e.actor = who.username AND e.role = 'creator')))",
    "UPDATE atelier.schema_meta_adopted AS a SET source_hash = NULL FROM atelier.orders AS o, who
        WHERE o.order_id = a.order_id AND (o.requester_id = who.user_id OR o.created_by = who.username)",
    "UPDATE atelier.orders AS o SET requester_id = CASE WHEN requester_id = who.user_id THEN who.token ELSE requester_id END,
            created_by = CASE WHEN created_by = who.username THEN who.token ELSE created_by END,
            custom_params = CASE WHEN requester_id = who.user_id AND who.with_params THEN '{}' ELSE custom_params END
        FROM who WHERE o.requester_id = who.user_id OR o.created_by = who.username",
    "UPDATE atelier.order_events AS e SET actor = who.token, reason = NULL FROM who
        WHERE (e.actor = who.user_id AND e.role <> 'creator') OR (e.actor = who.username AND e.role = 'creator')",
    "DELETE FROM atelier.idempotency_keys AS k USING who WHERE k.caller = who.user_id",
];

/// Erases a person, or with `is_plan` tells what there is of them. Gives way to `stop`.
pub async fn erase_until(
    database: &PgConnectOptions,
    options: &ChangeOptions,
    person: &Person,
    is_plan: bool,
    stop: impl Future<Output = ()>,
) -> Result<Erased, EraseError> {
    tokio::select! {
        done = erase(database, options, person, is_plan) => done,
        () = stop => Err(ChangeError::Stopped.into()),
    }
}

async fn erase(
    database: &PgConnectOptions,
    options: &ChangeOptions,
    person: &Person,
    is_plan: bool,
) -> Result<Erased, EraseError> {
    let database = options.named(database);
    let mut connection = session::connect(&database, options.deadline).await.map_err(ChangeError::Connect)?;
    if !change::is_current(&mut connection, &options.migrations).await? {
        return Err(EraseError::SchemaBehind);
    }
    let mut done = Erased { is_plan, erasures: Vec::new(), traces: Traces::default() };
    for _ in 0..PASSES {
        let traces = count(&mut connection, person).await.map_err(EraseError::Failed)?;
        if traces == Traces::default() {
            break;
        }
        done.traces.add(traces);
        if is_plan {
            return Ok(done);
        }
        done.erasures.push(patiently(&mut connection, person, options.deadline).await?);
    }
    if !done.erasures.is_empty() {
        // What the planner knows of the most common values holds names as well.
        for table in
            ["ANALYZE atelier.orders", "ANALYZE atelier.order_events", "ANALYZE atelier.idempotency_keys"]
        {
            query(table).execute(&mut connection).await.map_err(EraseError::Failed)?;
        }
    }
    // Everything is committed; nothing hangs on the farewell.
    let _ = connection.close().await;
    Ok(done)
}

async fn count(connection: &mut PgConnection, person: &Person) -> Result<Traces, sqlx::Error> {
    query_as(COUNT)
        .bind(&person.user_id)
        .bind(&person.username)
        .bind(person.with_params)
        .fetch_one(connection)
        .await
}

async fn patiently(
    connection: &mut PgConnection,
    person: &Person,
    deadline: Duration,
) -> Result<i64, EraseError> {
    let mut backoff = Backoff::new(PAUSE_FIRST, PAUSE_MAX, deadline);
    loop {
        match once(connection, person).await {
            Ok(erasure) => return Ok(erasure),
            Err(error) if !session::is_collision(&error) => return Err(EraseError::Failed(error)),
            Err(error) => {
                if !backoff.pause().await {
                    return Err(EraseError::Busy(error));
                }
            }
        }
    }
}

async fn once(connection: &mut PgConnection, person: &Person) -> Result<i64, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    session::set(&mut transaction, true).await?;
    // Until contract 0006 has run, the guard of before wants this setting beside the record.
    query("SELECT set_config('atelier.erasing', 'on', true)").execute(&mut *transaction).await?;
    let (erasure, token): (i64, String) = query_as(
        "INSERT INTO atelier.erasures (token) VALUES ('erased-' || replace(gen_random_uuid()::text, '-', ''))
         RETURNING erasure_id, token",
    )
    .fetch_one(&mut *transaction)
    .await?;
    for statement in STATEMENTS {
        query(AssertSqlSafe(format!("{WHO} {statement}")))
            .bind(&person.user_id)
            .bind(&person.username)
            .bind(&token)
            .bind(person.with_params)
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(erasure)
}

impl Traces {
    fn add(&mut self, more: Self) {
        self.requested += more.requested;
        self.created += more.created;
        self.events += more.events;
        self.alert_reasons += more.alert_reasons;
        self.keys += more.keys;
        self.params += more.params;
    }
}
