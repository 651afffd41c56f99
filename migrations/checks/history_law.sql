-- Why: whether the history law holds is asked in one query, independently of the triggers that enforce it, so that one who asks would
-- notice if they were wrong, missing or switched off. Of one order ($1) or of all (null); a sentence for each break: the first ten, and how many more there are.
--
-- Window functions over the events: numbers without gaps, each event beginning where the one before ended, one move each; and for each
-- order the last of them equal to its row.
WITH chain AS (
    SELECT order_id, version, state_type, new_value, from_stage, to_stage, from_alert, to_alert,
        row_number() OVER w AS expected_version,
        lag(to_stage) OVER w AS stage_before, lag(to_alert) OVER w AS alert_before,
        lead(version) OVER w IS NULL AS is_last
    FROM atelier.order_events
    WHERE $1::int8 IS NULL OR order_id = $1
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
    SELECT CASE
        WHEN o.order_id IS NULL THEN format('order %s: there are events and no row', m.order_id)
        WHEN m.order_id IS NULL THEN format('order %s: there is a row and no events', o.order_id)
        ELSE format('order %s: the row says %s%s at version %s, the last event %s%s at version %s', o.order_id,
            o.stage, CASE WHEN o.alert THEN ' with an alert' END, o.version,
            m.to_stage, CASE WHEN m.to_alert THEN ' with an alert' END, m.version)
        END
    FROM (SELECT * FROM atelier.orders WHERE $1::int8 IS NULL OR order_id = $1) AS o
    FULL JOIN (SELECT * FROM moves WHERE is_last) AS m ON m.order_id = o.order_id
    WHERE o.version IS DISTINCT FROM m.version OR o.stage IS DISTINCT FROM m.to_stage OR o.alert IS DISTINCT FROM m.to_alert
),
told AS (
    SELECT sentence, row_number() OVER (ORDER BY sentence) AS place, count(*) OVER () AS total FROM broken
)
SELECT CASE WHEN place <= 10 THEN sentence ELSE format('and %s more', total - 10) END FROM told WHERE place <= 11 ORDER BY place
