-- What `growth` adds to the population of seed.sql: one creator who has a tenth as many orders as all others together, of which the
-- ten oldest are paid. Their ids lie above all others. Triggers are off (session_replication_role = replica); the law is asked afterwards.
CREATE TEMPORARY TABLE first AS
SELECT max(order_id) AS above, current_setting('bench.orders')::bigint / 10 AS orders FROM atelier.orders;

INSERT INTO atelier.orders (order_id, requester_id, created_by, stage, version, custom_params, paid_at, created_at, updated_at)
SELECT above + n, 'buyer-' || n % 1000, 'busy-creator',
       (CASE WHEN n <= 10 THEN 'paid' ELSE 'created' END)::atelier.order_stage, CASE WHEN n <= 10 THEN 5 ELSE 1 END, '{}',
       CASE WHEN n <= 10 THEN timestamptz '2026-01-01 00:00:00Z' END,
       timestamptz '2026-01-01 00:00:00Z', timestamptz '2026-01-01 00:00:00Z'
FROM first, generate_series(1, orders) AS n;

INSERT INTO atelier.order_events (order_id, version, at, state_type, new_value, from_stage, to_stage, from_alert, to_alert, actor, role)
SELECT above + n, step, timestamptz '2026-01-01 00:00:00Z', (enum_range(NULL::atelier.order_stage))[step]::text, true,
       CASE WHEN step > 1 THEN (enum_range(NULL::atelier.order_stage))[step - 1] END, (enum_range(NULL::atelier.order_stage))[step],
       CASE WHEN step > 1 THEN false END, false,
       CASE WHEN step IN (3, 4) THEN 'busy-creator' ELSE 'buyer-' || n % 1000 END,
       CASE WHEN step IN (3, 4) THEN 'creator' ELSE 'requester' END
FROM first, generate_series(1, orders) AS n, generate_series(1, CASE WHEN n <= 10 THEN 5 ELSE 1 END) AS step;

SELECT setval('atelier.order_id_seq', (SELECT max(order_id) FROM atelier.orders));
DROP TABLE first;
ANALYZE;
