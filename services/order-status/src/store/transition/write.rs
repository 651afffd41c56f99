//! The one statement that writes moves: rows by compare-and-set, and the events of those that were still as they were read.

use std::collections::HashMap;

use order_model::{Party, Reason, Role};
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::fold::Fold;

/// What the compare-and-set did to one row.
pub(super) enum Fate {
    Changed(OffsetDateTime),
    Lost,
    Locked,
}

/// The columns of the rows to be changed, one entry a row.
#[derive(Default)]
struct Rows {
    order_id: Vec<i64>,
    expected: Vec<i64>,
    version: Vec<i64>,
    stage: Vec<&'static str>,
    alert_raised_by: Vec<Option<&'static str>>,
    alert_reason: Vec<Option<String>>,
}

/// The columns of the events to be written, one entry an event.
#[derive(Default)]
struct Events {
    order_id: Vec<i64>,
    version: Vec<i64>,
    state_type: Vec<&'static str>,
    new_value: Vec<bool>,
    from_stage: Vec<&'static str>,
    to_stage: Vec<&'static str>,
    from_alert: Vec<bool>,
    to_alert: Vec<bool>,
    actor: Vec<String>,
    role: Vec<&'static str>,
    on_behalf_of: Vec<Option<&'static str>>,
    reason: Vec<Option<String>>,
}

fn columns(folds: &[Fold]) -> (Rows, Events) {
    let (mut rows, mut events) = (Rows::default(), Events::default());
    let text = |reason: &Option<Reason>| reason.as_ref().map(|reason| reason.as_str().to_owned());
    for fold in folds.iter().filter(|fold| !fold.transitions.is_empty()) {
        let order_id = fold.before.id.get();
        rows.order_id.push(order_id);
        rows.expected.push(fold.before.version.get());
        rows.version.push(fold.after.version.get());
        rows.stage.push(fold.after.stage.as_str());
        rows.alert_raised_by.push(fold.after.alert.as_ref().map(|alert| alert.raised_by.as_str()));
        rows.alert_reason.push(fold.after.alert.as_ref().and_then(|alert| text(&alert.reason)));
        for transition in &fold.transitions {
            events.order_id.push(order_id);
            events.version.push(transition.version.get());
            events.state_type.push(transition.state_type.as_str());
            events.new_value.push(transition.new_value);
            events.from_stage.push(transition.from_stage.as_str());
            events.to_stage.push(transition.to_stage.as_str());
            events.from_alert.push(transition.from_alert);
            events.to_alert.push(transition.to_alert.is_some());
            events.actor.push(transition.actor.clone());
            events.role.push(Role::as_str(transition.role));
            events.on_behalf_of.push(transition.on_behalf_of.map(Party::as_str));
            events.reason.push(text(&transition.reason));
        }
    }
    (rows, events)
}

/// Writes what was decided wherever the row is still as it was read. A row that somebody else holds is skipped, never waited for;
/// the version that the lock saw tells a row that is held (none) from a race that is lost (another).
#[expect(clippy::too_many_lines, reason = "one statement and its parameters: apart they could not be read")]
pub(super) async fn write(
    connection: &mut PgConnection,
    folds: &[Fold],
) -> Result<HashMap<i64, Fate>, sqlx::Error> {
    let (rows, events) = columns(folds);
    if rows.order_id.is_empty() {
        return Ok(HashMap::new());
    }
    let written = sqlx::query!(
        r#"
        WITH target AS (
            SELECT *
            FROM unnest($1::int8[], $2::int8[], $3::int8[], $4::text[], $5::text[], $6::text[])
                AS t(order_id, expected, version, stage, alert_raised_by, alert_reason)
        ), held AS (
            SELECT o.order_id, o.version
            FROM atelier.orders AS o
            JOIN target USING (order_id)
            FOR NO KEY UPDATE OF o SKIP LOCKED
        ), changed AS (
            UPDATE atelier.orders AS o
            SET stage = t.stage::atelier.order_stage,
                alert = t.alert_raised_by IS NOT NULL,
                alert_raised_by = t.alert_raised_by,
                alert_reason = t.alert_reason,
                version = t.version,
                paid_at = CASE WHEN t.stage = 'paid' THEN coalesce(o.paid_at, now()) END,
                updated_at = now()
            FROM target AS t
            JOIN held USING (order_id)
            WHERE o.order_id = t.order_id AND o.version = t.expected
            RETURNING o.order_id, o.updated_at
        ), recorded AS (
            INSERT INTO atelier.order_events
                (order_id, version, state_type, new_value, from_stage, to_stage, from_alert, to_alert, actor, role,
                 on_behalf_of, reason)
            SELECT e.order_id, e.version, e.state_type, e.new_value, e.from_stage::atelier.order_stage,
                   e.to_stage::atelier.order_stage, e.from_alert, e.to_alert, e.actor, e.role, e.on_behalf_of, e.reason
            FROM unnest($7::int8[], $8::int8[], $9::text[], $10::bool[], $11::text[], $12::text[], $13::bool[],
                        $14::bool[], $15::text[], $16::text[], $17::text[], $18::text[])
                AS e(order_id, version, state_type, new_value, from_stage, to_stage, from_alert, to_alert, actor, role,
                     on_behalf_of, reason)
            JOIN changed USING (order_id)
        )
        SELECT t.order_id AS "order_id!", held.version AS "held_version?", changed.updated_at AS "updated_at?"
        FROM target AS t
        LEFT JOIN held USING (order_id)
        LEFT JOIN changed USING (order_id)
        "#,
        &rows.order_id,
        &rows.expected,
        &rows.version,
        &rows.stage as &[&str],
        &rows.alert_raised_by as &[Option<&str>],
        &rows.alert_reason as &[Option<String>],
        &events.order_id,
        &events.version,
        &events.state_type as &[&str],
        &events.new_value,
        &events.from_stage as &[&str],
        &events.to_stage as &[&str],
        &events.from_alert,
        &events.to_alert,
        &events.actor,
        &events.role as &[&str],
        &events.on_behalf_of as &[Option<&str>],
        &events.reason as &[Option<String>],
    )
    .fetch_all(connection)
    .await?;

    let fate = |held: Option<i64>, changed: Option<OffsetDateTime>| match (held, changed) {
        (_, Some(updated_at)) => Fate::Changed(updated_at),
        (Some(_), None) => Fate::Lost,
        (None, None) => Fate::Locked,
    };
    Ok(written.into_iter().map(|row| (row.order_id, fate(row.held_version, row.updated_at))).collect())
}
