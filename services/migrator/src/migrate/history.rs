//! The history law, asked of the whole database in one query and independently of the triggers that enforce it: after a
//! restore, and at the end of tests, it tells whether the triggers were wrong, missing or switched off.

use sqlx::postgres::PgConnection;
use sqlx::query_scalar;

/// Why the law does not hold, or cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// Sentences about the orders that break it, the first few.
    #[error("the history law is broken:\n{}", broken.join("\n"))]
    Broken {
        /// One sentence each.
        broken: Vec<String>,
    },
    /// The query failed.
    #[error("the history could not be read")]
    Read(#[source] sqlx::Error),
}

/// Window functions over all events: numbers without gaps, each event beginning where the one before ended, one move each;
/// and for each order the last of them equal to its row.
const LAW: &str = "
WITH chain AS (
    SELECT order_id, version, state_type, new_value, from_stage, to_stage, from_alert, to_alert,
        row_number() OVER w AS expected_version,
        lag(to_stage) OVER w AS stage_before, lag(to_alert) OVER w AS alert_before,
        lead(version) OVER w IS NULL AS is_last
    FROM atelier.order_events
    WINDOW w AS (PARTITION BY order_id ORDER BY version)
),
rungs AS (
    SELECT stage::text, ordinality FROM unnest(enum_range(NULL::atelier.order_stage)) WITH ORDINALITY AS r (stage, ordinality)
),
moves AS (
    SELECT c.*, t.ordinality - f.ordinality AS climbed
    FROM chain AS c
    JOIN rungs AS t ON t.stage = c.to_stage::text
    LEFT JOIN rungs AS f ON f.stage = c.from_stage::text
),
broken AS (
    SELECT format('order %s: event %s stands where %s should', order_id, version, expected_version) AS sentence
    FROM moves WHERE version <> expected_version
    UNION ALL
    SELECT format('order %s: event %s does not begin where the one before ended', order_id, version)
    FROM moves WHERE from_stage IS DISTINCT FROM stage_before OR from_alert IS DISTINCT FROM alert_before
    UNION ALL
    SELECT format('order %s: the first event is no creation', order_id)
    FROM moves WHERE version = 1 AND NOT (state_type = 'created' AND to_stage = 'created' AND NOT to_alert)
    UNION ALL
    SELECT format('order %s: event %s is not one move', order_id, version)
    FROM moves WHERE version > 1 AND NOT CASE state_type
        WHEN 'alert' THEN climbed = 0 AND to_alert = new_value AND from_alert <> to_alert
        ELSE from_alert = to_alert AND climbed = (CASE WHEN new_value THEN 1 ELSE -1 END)
            AND state_type = (CASE WHEN new_value THEN to_stage ELSE from_stage END)::text
        END
    UNION ALL
    SELECT format('order %s: the row says %s at version %s, the last event %s at version %s',
        coalesce(o.order_id, m.order_id), o.stage, o.version, m.to_stage, m.version)
    FROM atelier.orders AS o
    FULL JOIN (SELECT * FROM moves WHERE is_last) AS m ON m.order_id = o.order_id
    WHERE o.version IS DISTINCT FROM m.version OR o.stage IS DISTINCT FROM m.to_stage OR o.alert IS DISTINCT FROM m.to_alert
)
SELECT sentence FROM broken ORDER BY sentence LIMIT 10";

/// Answers `Ok` if every order of the database is what its events tell.
pub async fn check_history_law(connection: &mut PgConnection) -> Result<(), HistoryError> {
    let broken: Vec<String> = query_scalar(LAW).fetch_all(connection).await.map_err(HistoryError::Read)?;
    if broken.is_empty() { Ok(()) } else { Err(HistoryError::Broken { broken }) }
}
