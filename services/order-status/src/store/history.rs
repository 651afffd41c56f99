//! The events of orders, oldest first, from a position on.

use order_model::OrderId;
use service_kit::database::{Kind, Outcome, Statement};
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::read::read_standings;
use super::record::Standing;

/// One question.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HistoryQuestion {
    /// Whose events.
    pub(crate) order_id: OrderId,
    /// Only those above this version: where the page before ended.
    pub(crate) above: i64,
    /// How many at most.
    pub(crate) limit: u8,
}

/// One event, as it was written. Its words are the database's, whose CHECKs let no others in.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) version: i64,
    pub(crate) at: OffsetDateTime,
    pub(crate) state_type: String,
    pub(crate) new_value: bool,
    pub(crate) from_stage: Option<String>,
    pub(crate) to_stage: String,
    pub(crate) actor: String,
    pub(crate) role: String,
    pub(crate) on_behalf_of: Option<String>,
    pub(crate) reason: Option<String>,
}

/// One page: what was asked for, and whether there is more.
#[derive(Debug, Default)]
pub(crate) struct HistoryPage {
    /// The events, oldest first.
    pub(crate) events: Vec<Event>,
    /// Whether later ones remain.
    pub(crate) has_more: bool,
}

/// Reads how an order stands, and a page of its history.
pub(crate) struct ReadHistory;

impl Statement for ReadHistory {
    const KIND: Kind = Kind::Read;
    type Question = HistoryQuestion;
    type Answer = Option<(Standing, HistoryPage)>;

    fn name(&self) -> &'static str {
        "history_read"
    }

    async fn run(
        &self,
        connection: &mut PgConnection,
        questions: &[HistoryQuestion],
    ) -> Result<Vec<Outcome<Self::Answer>>, sqlx::Error> {
        let ids: Vec<OrderId> = questions.iter().map(|question| question.order_id).collect();
        // The order first: a page may show events that its standing does not know yet, never the other way round.
        let standings = read_standings(&mut *connection, &ids).await?;
        let pages = read_history(connection, questions).await?;
        Ok(standings
            .into_iter()
            .zip(pages)
            .map(|(standing, page)| Outcome::Answer(standing.map(|standing| (standing, page))))
            .collect())
    }
}

/// The pages that `questions` ask for, in their order.
pub(super) async fn read_history(
    connection: &mut PgConnection,
    questions: &[HistoryQuestion],
) -> Result<Vec<HistoryPage>, sqlx::Error> {
    let ids: Vec<i64> = questions.iter().map(|question| question.order_id.get()).collect();
    let above: Vec<i64> = questions.iter().map(|question| question.above).collect();
    // One more than asked for tells whether there is more.
    let rows_max: Vec<i64> = questions.iter().map(|question| i64::from(question.limit) + 1).collect();
    let rows = sqlx::query!(
        r#"
        SELECT q.place AS "place!", e.version AS "version!", e.at AS "at!", e.state_type AS "state_type!",
               e.new_value AS "new_value!", e.from_stage::text, e.to_stage::text AS "to_stage!", e.actor AS "actor!",
               e.role AS "role!", e.on_behalf_of, e.reason
        FROM unnest($1::int8[], $2::int8[], $3::int8[]) WITH ORDINALITY AS q(order_id, above, rows_max, place)
        CROSS JOIN LATERAL (
            SELECT *
            FROM atelier.order_events
            WHERE order_id = q.order_id AND version > q.above
            ORDER BY version
            LIMIT q.rows_max
        ) AS e
        ORDER BY q.place, e.version
        "#,
        &ids,
        &above,
        &rows_max,
    )
    .fetch_all(connection)
    .await?;

    let mut pages: Vec<HistoryPage> = questions.iter().map(|_| HistoryPage::default()).collect();
    for row in rows {
        let place = usize::try_from(row.place - 1).unwrap_or_default();
        let (Some(page), Some(question)) = (pages.get_mut(place), questions.get(place)) else { continue };
        if page.events.len() == usize::from(question.limit) {
            page.has_more = true;
            continue;
        }
        page.events.push(Event {
            version: row.version,
            at: row.at,
            state_type: row.state_type,
            new_value: row.new_value,
            from_stage: row.from_stage,
            to_stage: row.to_stage,
            actor: row.actor,
            role: row.role,
            on_behalf_of: row.on_behalf_of,
            reason: row.reason,
        });
    }
    Ok(pages)
}
