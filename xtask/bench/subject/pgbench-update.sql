-- The floor of PUT update: one statement that moves an order between created and requested and writes its event, with the
-- triggers of the history law. Orders with r < 6 stand on one of those two rungs (seed.sql), so each run changes a row.
\set u random(1, :users)
\set r random(0, 5)
\set order :u + mod(:r + 20 - mod(:u, 20), 20) * :users
WITH was AS (
    SELECT order_id, stage FROM atelier.orders WHERE order_id = :order FOR NO KEY UPDATE
), moved AS (
    UPDATE atelier.orders AS o
    SET stage = CASE was.stage WHEN 'created' THEN 'requested'::atelier.order_stage ELSE 'created' END,
        version = o.version + 1, updated_at = now()
    FROM was WHERE o.order_id = was.order_id AND was.stage IN ('created', 'requested')
    RETURNING o.order_id, o.version, o.requester_id, o.alert, o.stage, was.stage AS from_stage
)
INSERT INTO atelier.order_events (order_id, version, state_type, new_value, from_stage, to_stage, from_alert, to_alert, actor, role)
SELECT order_id, version, 'requested', stage = 'requested', from_stage, stage, alert, alert, requester_id, 'requester' FROM moved;
