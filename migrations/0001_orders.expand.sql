-- Why: one row an order is the one place where its parties, its stage, its alert and its terms are kept.

-- The ladder, lowest rung first. `alert` is a flag beside it, never a stage.
CREATE TYPE atelier.order_stage AS ENUM ('created', 'requested', 'accepted', 'completed', 'paid');

-- Gives ids to callers who bring none. It ends at 2^53 - 1, the largest integer that every JSON reader keeps exact.
-- It is no column default: callers may bring ids of their own, so the service draws first and skips those that are taken.
CREATE SEQUENCE atelier.order_id_seq AS bigint MINVALUE 1 MAXVALUE 9007199254740991 CACHE 1 NO CYCLE;

-- Each CHECK runs on each move, changed column or not; so each is cheap, and none is written twice.
-- Identity text compares byte by byte ("C"): two users that differ in case or accent are two users, and an operating
-- system's new collation cannot corrupt an index. What counts as blank or control is spelt out, because the regular
-- expression classes would mean something else under another locale.
CREATE TABLE atelier.orders (
    order_id        bigint              NOT NULL,
    requester_id    text COLLATE "C"    NOT NULL,
    created_by      text COLLATE "C"    NOT NULL,
    stage           atelier.order_stage NOT NULL DEFAULT 'created',
    alert           boolean             NOT NULL DEFAULT false,
    alert_reason    text,
    alert_raised_by text,
    version         bigint              NOT NULL DEFAULT 1,
    model_id        text COLLATE "C",
    custom_params   jsonb               NOT NULL DEFAULT '{}',
    cost_initial    numeric(12, 2),
    cost_final      numeric(12, 2),
    -- Set and cleared by `paid` moves only, so that the lists of paid orders have an index that no other move touches.
    paid_at         timestamptz,
    created_at      timestamptz         NOT NULL DEFAULT now(),
    updated_at      timestamptz         NOT NULL DEFAULT now(),

    CONSTRAINT orders_pkey PRIMARY KEY (order_id),
    CONSTRAINT orders_order_id_range CHECK (order_id BETWEEN 1 AND 9007199254740991),
    CONSTRAINT orders_requester_id_identity CHECK (
        char_length(requester_id) BETWEEN 1 AND 255
        AND requester_id !~ '[\u0001-\u001F\u007F-\u009F]|^[ \u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]|[ \u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]$'
    ),
    CONSTRAINT orders_created_by_identity CHECK (
        char_length(created_by) BETWEEN 1 AND 255
        AND created_by !~ '[\u0001-\u001F\u007F-\u009F]|^[ \u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]|[ \u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]$'
    ),
    CONSTRAINT orders_alert_reason_length CHECK (char_length(alert_reason) <= 500),
    CONSTRAINT orders_alert_reason_needs_alert CHECK (alert_reason IS NULL OR alert),
    CONSTRAINT orders_alert_raised_by_role CHECK (alert_raised_by IN ('requester', 'creator', 'operator')),
    CONSTRAINT orders_alert_raised_by_with_alert CHECK ((alert_raised_by IS NOT NULL) = alert),
    CONSTRAINT orders_version_range CHECK (version BETWEEN 1 AND 9007199254740991),
    CONSTRAINT orders_model_id_hex CHECK (model_id ~ '^[0-9A-Fa-f]{24}$'),
    CONSTRAINT orders_custom_params_object CHECK (jsonb_typeof(custom_params) = 'object'),
    -- The service counts 16 KiB of compact text; this is the backstop. It reads the stored size, because the length of
    -- the text would have to be written out anew on each move of the order.
    CONSTRAINT orders_custom_params_size CHECK (pg_column_size(custom_params) <= 262144),
    -- NaN is greater than every number to PostgreSQL, so an upper bound keeps it out.
    CONSTRAINT orders_cost_initial_range CHECK (cost_initial BETWEEN 0 AND 9999999999.99),
    CONSTRAINT orders_cost_final_range CHECK (cost_final BETWEEN 0 AND 9999999999.99),
    CONSTRAINT orders_paid_at_with_stage CHECK ((paid_at IS NOT NULL) = (stage = 'paid')),
    CONSTRAINT orders_paid_at_finite CHECK (isfinite(paid_at)),
    CONSTRAINT orders_created_at_finite CHECK (isfinite(created_at)),
    CONSTRAINT orders_updated_at_finite CHECK (isfinite(updated_at))
)
-- Room on each page for the next version of a row: moves stay heap-only and write no index.
WITH (fillfactor = 90);

-- No index may name `stage` or `alert`, in key, INCLUDE or predicate: each move would then write every index of the table.
CREATE INDEX orders_requester_idx ON atelier.orders (requester_id, order_id DESC);
CREATE INDEX orders_creator_idx ON atelier.orders (created_by, order_id DESC);
CREATE INDEX orders_requester_paid_idx ON atelier.orders (requester_id, order_id DESC) WHERE paid_at IS NOT NULL;
CREATE INDEX orders_creator_paid_idx ON atelier.orders (created_by, order_id DESC) WHERE paid_at IS NOT NULL;
