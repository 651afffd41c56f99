-- The two tables of the replaced services, with :orders rows each and every defect that an old database was seen with.
-- Nothing is random: what a row has follows from its number, so that a test can tell what must become of it.
-- Of a thousand numbers, those from 1 to 24 have a defect each; all others are sound.
CREATE TABLE orders (
    id serial PRIMARY KEY,
    order_id integer,
    requester_id character varying,
    created_by character varying,
    requested boolean DEFAULT false,
    accepted boolean DEFAULT false,
    completed boolean DEFAULT false,
    paid boolean DEFAULT false,
    alert boolean DEFAULT false
);
CREATE TABLE customs (
    id serial PRIMARY KEY,
    model_id text,
    user_id text,
    created_by text,
    custom_params jsonb,
    cost_initial numeric,
    cost_final numeric,
    state text DEFAULT 'required',
    created_at timestamp without time zone DEFAULT now()
);
INSERT INTO orders (order_id, requester_id, created_by, requested, accepted, completed, paid, alert)
SELECT CASE defect WHEN 21 THEN NULL ELSE n END,
    CASE defect WHEN 8 THEN NULL WHEN 9 THEN '' ELSE 'user-' || n % 5000 END,
    CASE defect WHEN 23 THEN 'maker' || chr(7) ELSE 'maker-' || n % 50 END,
    CASE defect WHEN 1 THEN false WHEN 2 THEN false WHEN 19 THEN NULL ELSE rung >= 1 END,
    CASE defect WHEN 1 THEN false WHEN 2 THEN true WHEN 19 THEN NULL ELSE rung >= 2 END,
    CASE defect WHEN 1 THEN false WHEN 2 THEN false WHEN 19 THEN NULL ELSE rung >= 3 END,
    CASE defect WHEN 1 THEN true WHEN 2 THEN false WHEN 3 THEN true WHEN 19 THEN NULL ELSE rung >= 4 END,
    CASE defect WHEN 19 THEN NULL ELSE n % 40 = 0 END
FROM (SELECT n, n % 1000 AS defect, CASE WHEN n % 1000 IN (3, 4) THEN 3 WHEN n % 1000 IN (6, 22) THEN 0 ELSE n % 5 END AS rung
    FROM generate_series(1, :orders) AS n) AS numbers
WHERE defect <> 6 ORDER BY n;
INSERT INTO customs (id, model_id, user_id, created_by, custom_params, cost_initial, cost_final, state, created_at)
SELECT n, CASE WHEN defect = 10 THEN 'chair' WHEN n % 7 = 0 THEN '' ELSE 'a7e11e50' || lpad(to_hex(n % 2000), 16, '0') END,
    CASE defect WHEN 7 THEN 'somebody' WHEN 8 THEN NULL ELSE 'user-' || n % 5000 END, 'maker-' || n % 50,
    CASE WHEN defect = 11 THEN '[1, 2]'::jsonb WHEN defect = 12 THEN to_jsonb('as tall as the door'::text)
        WHEN defect = 13 THEN jsonb_build_object('note', repeat('x', 70000)) WHEN defect = 24 THEN to_jsonb('{"engraving": "\u0000"}'::text)
        WHEN n % 11 = 0 THEN NULL
        WHEN n % 2 = 0 THEN to_jsonb(format('{"height": %s.10, "wood": "oak"}', n % 300))
        ELSE jsonb_build_object('height', n % 300, 'wood', 'oak') END,
    CASE defect WHEN 14 THEN -1 WHEN 15 THEN 'NaN'::numeric WHEN 16 THEN 12.345 ELSE 100 + n % 900 END,
    CASE WHEN n % 3 = 0 THEN NULL ELSE 120.5 + n % 900 END,
    CASE WHEN defect = 22 THEN 'PAID?' WHEN defect IN (3, 1) THEN 'required' WHEN defect = 4 OR n % 5 = 4 AND defect <> 6 THEN 'paid' ELSE 'required' END,
    CASE defect WHEN 17 THEN NULL WHEN 18 THEN 'infinity'::timestamp ELSE timestamp '2024-01-01 12:00:00.25' + n * interval '1 second' END
FROM (SELECT n, n % 1000 AS defect FROM generate_series(1, :orders) AS n) AS numbers
WHERE defect <> 5 ORDER BY n;
INSERT INTO orders (order_id, requester_id, created_by) SELECT n, 'again', 'again' FROM generate_series(20, :orders, 1000) AS n;
CREATE INDEX orders_order_id ON orders (order_id);
SELECT setval('customs_id_seq', greatest(:orders, 1));
ANALYZE orders, customs;
