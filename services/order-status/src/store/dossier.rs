//! Everything that is stored about one order, as it stood at one moment, read on a connection of its own: nobody else waits for it.

use std::collections::BTreeMap;
use std::time::Duration;

use order_model::OrderId;
use service_kit::database::{Build, ConnectError, DatabaseConfig};
use sqlx::{Connection, Executor, PgConnection};
use tokio::time::timeout;

use super::history::{Event, HistoryQuestion, read_history};
use super::read::read_orders;
use super::record::OrderRecord;

/// Far more than it takes; whoever asks waits for nothing else meanwhile.
const DEADLINE: Duration = Duration::from_secs(20);
/// Events read at once.
const PAGE: u8 = 200;

/// The law, as a query about one order: the same that tests ask of whole databases.
const LAW: &str = include_str!("../../../../migrations/checks/history_law.sql");

/// All about one order.
#[derive(Debug)]
pub(crate) struct Dossier {
    /// Its row.
    pub(crate) record: Option<OrderRecord>,
    /// Its events, oldest first.
    pub(crate) events: Vec<Event>,
    /// The traces in which they were made, by version; only where one is stored.
    pub(crate) traces: BTreeMap<i64, String>,
    /// How row and events break the history law, a sentence each.
    pub(crate) breaches: Vec<String>,
}

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DossierError {
    /// There is no connection.
    #[error("the database cannot be reached")]
    Connect(#[source] ConnectError),
    /// There was no answer in time.
    #[error("the database did not answer within {DEADLINE:?}")]
    Silent,
    /// A statement failed, or a row is one that no rule could have written.
    #[error("the order cannot be read")]
    Read(#[source] sqlx::Error),
    /// Neither a row nor an event.
    #[error("there is no order {0}")]
    Unknown(OrderId),
}

impl Dossier {
    /// Reads it as the service's own login, which may see all of it and change nothing here.
    pub(crate) async fn read(
        build: Build,
        config: &DatabaseConfig,
        order_id: OrderId,
    ) -> Result<Self, DossierError> {
        let mut connection = config.connect(build).await.map_err(DossierError::Connect)?;
        let read = timeout(DEADLINE, Self::read_on(&mut connection, order_id)).await;
        let dossier = read.map_err(|_| DossierError::Silent)?.map_err(DossierError::Read)?;
        // Nothing hangs on how this ends.
        let _ = timeout(config.connect_timeout(), connection.close()).await;
        if dossier.record.is_none() && dossier.events.is_empty() {
            return Err(DossierError::Unknown(order_id));
        }
        Ok(dossier)
    }

    async fn read_on(connection: &mut PgConnection, order_id: OrderId) -> Result<Self, sqlx::Error> {
        // One moment for all: a move that comes meanwhile would look like a breach.
        (&mut *connection).execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        let record = read_orders(connection, &[order_id]).await?.pop().flatten();
        let events = read_events(connection, order_id).await?;
        let traces = sqlx::query!(
            r#"
            SELECT version, trace_id AS "trace_id!"
            FROM atelier.order_events
            WHERE order_id = $1 AND trace_id IS NOT NULL
            "#,
            order_id.get()
        )
        .fetch_all(&mut *connection)
        .await?;
        let breaches =
            sqlx::query_scalar::<_, String>(LAW).bind(order_id.get()).fetch_all(connection).await?;
        let traces = traces.into_iter().map(|row| (row.version, row.trace_id)).collect();
        Ok(Self { record, events, traces, breaches })
    }
}

async fn read_events(connection: &mut PgConnection, order_id: OrderId) -> Result<Vec<Event>, sqlx::Error> {
    let mut events: Vec<Event> = Vec::new();
    loop {
        let above = events.last().map_or(0, |event| event.version);
        let question = HistoryQuestion { order_id, above, limit: PAGE };
        let Some(page) = read_history(connection, &[question]).await?.pop() else { return Ok(events) };
        events.extend(page.events);
        if !page.has_more {
            return Ok(events);
        }
    }
}
