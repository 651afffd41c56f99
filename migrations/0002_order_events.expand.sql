-- Why: an order's history tells who moved it, when and in whose place; each version of an order is one event.

CREATE TABLE atelier.order_events (
    order_id     bigint              NOT NULL,
    version      bigint              NOT NULL,
    at           timestamptz         NOT NULL DEFAULT now(),
    state_type   text                NOT NULL,
    new_value    boolean             NOT NULL,
    -- Both facts are kept before and after, stage and alert, so that an event can be held against its predecessor.
    from_stage   atelier.order_stage,
    to_stage     atelier.order_stage NOT NULL,
    from_alert   boolean,
    to_alert     boolean             NOT NULL,
    actor        text COLLATE "C"    NOT NULL,
    role         text                NOT NULL,
    on_behalf_of text,
    reason       text,
    trace_id     text COLLATE "C",
    -- The writing transaction: a feed that stops before the oldest running one misses nothing and repeats nothing.
    txid         xid8                NOT NULL DEFAULT pg_current_xact_id(),

    CONSTRAINT order_events_pkey PRIMARY KEY (order_id, version),
    CONSTRAINT order_events_order_id_range CHECK (order_id BETWEEN 1 AND 9007199254740991),
    CONSTRAINT order_events_version_range CHECK (version BETWEEN 1 AND 9007199254740991),
    CONSTRAINT order_events_at_finite CHECK (isfinite(at)),
    CONSTRAINT order_events_from_unless_first CHECK (
        (from_stage IS NULL) = (version = 1) AND (from_alert IS NULL) = (version = 1)
    ),
    -- What one event may do: found the order, flip its alert, or move it by one rung. No other state_type passes.
    -- A rung is written as (state_type, stage below it, stage on it) and read upwards for true, downwards for false.
    CONSTRAINT order_events_one_move CHECK (
        CASE
            WHEN version = 1 THEN
                state_type = 'created' AND new_value AND to_stage = 'created' AND NOT to_alert
            WHEN state_type = 'alert' THEN
                to_stage = from_stage AND from_alert = (NOT new_value) AND to_alert = new_value
            ELSE
                to_alert = from_alert
                AND (
                    state_type,
                    CASE WHEN new_value THEN from_stage ELSE to_stage END,
                    CASE WHEN new_value THEN to_stage ELSE from_stage END
                ) IN (
                    ('requested', 'created', 'requested'),
                    ('accepted', 'requested', 'accepted'),
                    ('completed', 'accepted', 'completed'),
                    ('paid', 'completed', 'paid')
                )
        END
    ),
    CONSTRAINT order_events_actor_identity CHECK (
        char_length(actor) BETWEEN 1 AND 255
        AND actor !~ '[\u0001-\u001F\u007F-\u009F]|^[ \u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]|[ \u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000]$'
    ),
    CONSTRAINT order_events_role_known CHECK (role IN ('requester', 'creator', 'operator')),
    CONSTRAINT order_events_on_behalf_of_party CHECK (on_behalf_of IN ('requester', 'creator')),
    CONSTRAINT order_events_on_behalf_of_operator CHECK (on_behalf_of IS NULL OR role = 'operator'),
    CONSTRAINT order_events_reason_length CHECK (char_length(reason) <= 500),
    CONSTRAINT order_events_trace_id_hex CHECK (trace_id ~ '^[0-9a-f]{32}$')
);
