//! The statements by which orders are adopted: row and events in one, as the history law asks.
//!
//! What the replaced services do not tell, who moved an order and when, is not made up: the first event is the requester's, at the
//! order's own time; each later one is an operator's, in the place of the party whose move it was, at the time of the adoption.

/// What is here of each key that is asked for.
pub(super) const HERE: &str = "
SELECT g.order_id, a.order_id IS NOT NULL AS is_known, coalesce(a.source_hash = g.hash::uuid, false) AS is_same,
    a.version IS NOT NULL AND a.source_hash IS NULL AS is_erased, a.version AS adopted_version, o.version,
    array_position(enum_range(NULL::atelier.order_stage), o.stage) - 1 AS rung, o.alert,
    coalesce(o.requester_id = g.requester_id AND o.created_by = g.created_by AND o.created_at = g.created_at::timestamptz, false) AS is_fixed
FROM unnest($1::int8[], $2::text[], $3::text[], $4::text[], $5::text[]) WITH ORDINALITY
    AS g(order_id, hash, requester_id, created_by, created_at, place)
LEFT JOIN atelier.schema_meta_adopted AS a ON a.order_id = g.order_id
LEFT JOIN atelier.orders AS o ON o.order_id = g.order_id
ORDER BY g.place";

/// Remembers what old orders looked like, and at which version they were left.
pub(super) const REMEMBER: &str = "
INSERT INTO atelier.schema_meta_adopted (order_id, source_hash, version)
SELECT order_id, hash::uuid, version FROM unnest($1::int8[], $2::text[], $3::int8[]) AS g(order_id, hash, version)
ON CONFLICT (order_id) DO UPDATE SET source_hash = excluded.source_hash, version = excluded.version";

/// The old orders: where each is to stand, and where it stands now.
const GIVEN: &str = "
WITH given AS MATERIALIZED (
    SELECT * FROM unnest($1::int8[], $2::text[], $3::text[], $4::int4[], $5::bool[], $6::text[], $7::text[], $8::text[], $9::text[],
            $10::text[], $11::int8[], $12::int4[], $13::bool[])
        AS g(order_id, requester_id, created_by, rung, alert, model_id, params, cost_initial, cost_final, created_at,
            was_version, was_rung, was_alert)
)";

/// The events that lead there, and the answer. An alert is cleared before the climb and raised after it, as the rules want.
const EVENTS: &str = "
, steps AS (
    SELECT m.*, 0 AS part, 0 AS step, 'created' AS state_type, true AS new_value, NULL::int4 AS from_rung, 0 AS to_rung,
        NULL::bool AS from_alert, false AS to_alert
    FROM moved AS m WHERE was_version = 0
    UNION ALL
    SELECT m.*, 1, 0, 'alert', false, was_rung, was_rung, true, false FROM moved AS m WHERE was_alert AND NOT alert
    UNION ALL
    SELECT m.*, 2, n, (enum_range(NULL::atelier.order_stage))[greatest(was_rung + sign(rung - was_rung)::int4 * n,
            was_rung + sign(rung - was_rung)::int4 * (n - 1)) + 1]::text, rung > was_rung,
        was_rung + sign(rung - was_rung)::int4 * (n - 1), was_rung + sign(rung - was_rung)::int4 * n, was_alert AND alert, was_alert AND alert
    FROM moved AS m, generate_series(1, abs(rung - was_rung)) AS n
    UNION ALL
    SELECT m.*, 3, 0, 'alert', true, rung, rung, false, true FROM moved AS m WHERE alert AND NOT was_alert
), recorded AS (
    INSERT INTO atelier.order_events (order_id, version, at, state_type, new_value, from_stage, to_stage, from_alert, to_alert,
        actor, role, on_behalf_of, reason)
    SELECT order_id, was_version + row_number() OVER (PARTITION BY order_id ORDER BY part, step),
        CASE part WHEN 0 THEN created_at ELSE now() END, state_type, new_value,
        (enum_range(NULL::atelier.order_stage))[from_rung + 1], (enum_range(NULL::atelier.order_stage))[to_rung + 1], from_alert, to_alert,
        CASE part WHEN 0 THEN requester_id ELSE 'atelier-adoption' END, CASE part WHEN 0 THEN 'requester' ELSE 'operator' END,
        CASE WHEN part = 0 THEN NULL WHEN state_type IN ('accepted', 'completed') THEN 'creator' ELSE 'requester' END,
        'Adopted from the replaced services'
    FROM steps
)
SELECT order_id, version FROM moved";

/// Founds orders; an id that is taken is left to whoever has it.
pub(super) fn found() -> String {
    format!(
        "{GIVEN}, made AS (
            INSERT INTO atelier.orders (order_id, requester_id, created_by, stage, alert, alert_raised_by, version, model_id,
                custom_params, cost_initial, cost_final, paid_at, created_at, updated_at)
            SELECT order_id, requester_id, created_by, (enum_range(NULL::atelier.order_stage))[rung + 1], alert,
                CASE WHEN alert THEN 'requester' END, 1 + rung + alert::int4, model_id, params::jsonb, cost_initial::numeric,
                cost_final::numeric, CASE rung WHEN 4 THEN now() END, created_at::timestamptz,
                CASE WHEN rung = 0 AND NOT alert THEN created_at::timestamptz ELSE now() END
            FROM given ORDER BY order_id
            ON CONFLICT (order_id) DO NOTHING
            RETURNING order_id, version, requester_id, created_at
        ), moved AS (
            SELECT made.*, given.rung, given.alert, 0::int8 AS was_version, 0 AS was_rung, false AS was_alert FROM made JOIN given USING (order_id)
        ){EVENTS}"
    )
}

/// Moves orders that nobody touched since, and renews their terms.
pub(super) fn change() -> String {
    format!(
        "{GIVEN}, moved AS (
            UPDATE atelier.orders AS o SET stage = (enum_range(NULL::atelier.order_stage))[g.rung + 1], alert = g.alert,
                alert_raised_by = CASE WHEN g.alert THEN coalesce(o.alert_raised_by, 'requester') END,
                alert_reason = CASE WHEN g.alert THEN o.alert_reason END,
                version = o.version + abs(g.rung - g.was_rung) + (g.alert <> g.was_alert)::int4,
                model_id = g.model_id, custom_params = g.params::jsonb, cost_initial = g.cost_initial::numeric,
                cost_final = g.cost_final::numeric, paid_at = CASE g.rung WHEN 4 THEN coalesce(o.paid_at, now()) END, updated_at = now()
            FROM given AS g WHERE o.order_id = g.order_id AND o.version = g.was_version
            RETURNING o.order_id, o.version, o.requester_id, o.created_at, g.rung, g.alert, g.was_version, g.was_rung, g.was_alert
        ){EVENTS}"
    )
}
