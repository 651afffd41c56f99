-- The population that is measured on: nothing is random, every fact follows from an order's id. The peers' seed.sql has the same
-- facts in their tables, and xtask/bench/src/population.rs repeats the formulas, so that a wrong answer can be told from a right one.
--
--   psql -v ON_ERROR_STOP=1 -c "SET bench.orders = '100000'" -f seed.sql        (orders: a multiple of 20, at least 2000)
--
--   users        u = 1 .. orders/20, each with k = 0 .. 19;   order_id = u + k * users
--   r            (k + u) % 20;  p = 5 + u % 6 (how many are paid)
--   rung         r < 2 created (1) | r < 6 requested | r < 8 accepted | r < 20 - p completed | else paid (5)
--   alert        (u + 2k) % 40 = 3
--   version      the rung, plus 1 with an alert
--   model        m = (13u + 101k) % 2000, '65f0c0de' and m in 16 hex digits; none where (u + 3k) % 20 = 0
--   created_by   'creator-' || u % 500
--   cold users   orders/20 + 1 .. + 100: 50 paid orders each, 50 models that nobody else has
--
-- Rows and events are one statement, so the history law's triggers hold every one of them against it. Whoever seeds millions
-- switches them off (session_replication_role = replica) and asks the law afterwards.
CREATE TEMPORARY VIEW planned AS
WITH size AS (
    SELECT current_setting('bench.orders')::bigint AS orders
), numbered AS (
    SELECT id AS order_id, (id - 1) % (orders / 20) + 1 AS u, (id - 1) / (orders / 20) AS k
    FROM size, generate_series(1, orders) AS id
), placed AS (
    SELECT order_id, u::text AS requester_id, 'creator-' || u % 500 AS created_by,
           CASE WHEN (k + u) % 20 < 2 THEN 1
                WHEN (k + u) % 20 < 6 THEN 2
                WHEN (k + u) % 20 < 8 THEN 3
                WHEN (k + u) % 20 < 20 - (5 + u % 6) THEN 4
                ELSE 5 END AS rung,
           (u + 2 * k) % 40 = 3 AS alert,
           CASE WHEN (u + 3 * k) % 20 <> 0
                THEN '65f0c0de' || lpad(to_hex((13 * u + 101 * k) % 2000), 16, '0') END AS model_id
    FROM numbered
    UNION ALL
    SELECT orders + (c - 1) * 50 + n, (orders / 20 + c)::text, 'creator-' || c % 500, 5, false,
           'c01d' || lpad(to_hex(c * 1000 + n), 20, '0')
    FROM size, generate_series(1, 100) AS c, generate_series(1, 50) AS n
)
SELECT *, rung + alert::int AS version, timestamptz '2026-01-01 00:00:00Z' + order_id * interval '1 second' AS created_at
FROM placed;

WITH kept AS (
    INSERT INTO atelier.orders (order_id, requester_id, created_by, stage, alert, alert_reason, alert_raised_by, version, model_id,
                                custom_params, cost_initial, cost_final, paid_at, created_at, updated_at)
    SELECT order_id, requester_id, created_by, (enum_range(NULL::atelier.order_stage))[rung], alert,
           CASE WHEN alert THEN 'late' END, CASE WHEN alert THEN 'requester' END, version, model_id,
           jsonb_build_object('material', 'pla', 'colour', 'black', 'scale', 1 + order_id % 5),
           100 + order_id % 900, CASE WHEN rung >= 4 THEN 120.50 + order_id % 900 END,
           CASE WHEN rung = 5 THEN created_at + interval '4 hours' END,
           created_at, created_at + (version - 1) * interval '1 hour'
    FROM planned
)
-- The history that leads there: the creation, the rungs climbed, the alert; an hour each.
INSERT INTO atelier.order_events (order_id, version, at, state_type, new_value, from_stage, to_stage, from_alert, to_alert, actor,
                                  role, reason)
SELECT order_id, step, created_at + (step - 1) * interval '1 hour',
       CASE WHEN step > rung THEN 'alert' ELSE (enum_range(NULL::atelier.order_stage))[step]::text END, true,
       CASE WHEN step > 1 THEN (enum_range(NULL::atelier.order_stage))[least(step - 1, rung)] END,
       (enum_range(NULL::atelier.order_stage))[least(step, rung)],
       CASE WHEN step > 1 THEN false END, step > rung,
       CASE WHEN step IN (3, 4) AND step <= rung THEN created_by ELSE requester_id END,
       CASE WHEN step IN (3, 4) AND step <= rung THEN 'creator' ELSE 'requester' END,
       CASE WHEN step > rung THEN 'late' END
FROM planned, generate_series(1, version) AS step;

SELECT setval('atelier.order_id_seq', (SELECT max(order_id) FROM atelier.orders));
DROP VIEW planned;
ANALYZE;
