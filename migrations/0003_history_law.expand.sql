-- Why: a history that can be wrong is no history; the database itself refuses to commit an order that its events do not tell.

-- The law: the events of an order are numbered 1, 2, 3 … without a gap, each begins where the one before ended, and the
-- order's row is what its last event says. Row and events are therefore written by ONE statement (a data-modifying WITH):
-- these triggers look once a statement, at its end, at all the rows that it touched, so several events of one order in
-- one statement are fine. docs/adr/0003-history-law.md has the measurement and the designs that were not taken.
--
-- Planner settings: without them a plan that was made while the tables were small would be kept for the life of a
-- connection, and it would read the whole table for each move.

CREATE FUNCTION atelier.orders_equal_their_last_event() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    SET enable_seqscan = off
    SET enable_hashjoin = off
    SET enable_mergejoin = off
AS $$
DECLARE
    broken record;
BEGIN
    SELECT n.order_id, n.version INTO broken
    FROM touched AS n
    -- One descent into the index tells whether the event is there and whether there is a later one.
    LEFT JOIN LATERAL (
        SELECT e.version, e.to_stage, e.to_alert
        FROM atelier.order_events AS e
        WHERE e.order_id = n.order_id AND e.version >= n.version
        ORDER BY e.version DESC
        LIMIT 1
    ) AS last ON true
    WHERE (last.version, last.to_stage, last.to_alert) IS DISTINCT FROM (n.version, n.stage, n.alert)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'order % is not what its last event says', broken.order_id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'history_law',
                SCHEMA = 'atelier', TABLE = 'orders',
                DETAIL = format('The row says version %s.', broken.version),
                HINT = 'Write the row and its events in one statement.';
    END IF;
    RETURN NULL;
END;
$$;

CREATE FUNCTION atelier.order_events_follow_each_other() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    SET enable_seqscan = off
    SET enable_hashjoin = off
    SET enable_mergejoin = off
AS $$
DECLARE
    broken record;
BEGIN
    SELECT n.order_id, n.version INTO broken
    FROM added AS n
    LEFT JOIN atelier.orders AS o ON o.order_id = n.order_id
    LEFT JOIN atelier.order_events AS before ON before.order_id = n.order_id AND before.version = n.version - 1
    WHERE o.order_id IS NULL
        OR o.version < n.version
        OR (
            n.version > 1
            AND (before.order_id IS NULL OR before.to_stage <> n.from_stage OR before.to_alert <> n.from_alert)
        )
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'event % of order % does not follow from the one before, or its order has not moved',
            broken.version, broken.order_id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'history_law',
                SCHEMA = 'atelier', TABLE = 'order_events',
                HINT = 'Write the row and its events in one statement.';
    END IF;
    RETURN NULL;
END;
$$;

CREATE FUNCTION atelier.history_refuses_this() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION '% of %.% is refused: history is never taken back', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'history_law',
            SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME;
END;
$$;

-- Erasing a person replaces the name and the words, nothing else, and only in a session that says so.
-- That setting is no secret; what keeps the services out is that their login may not update events at all.
CREATE FUNCTION atelier.order_events_change_by_erasure_only() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF current_setting('atelier.erasing', true) IS DISTINCT FROM 'on'
        OR to_jsonb(NEW) - ARRAY['actor', 'reason'] IS DISTINCT FROM to_jsonb(OLD) - ARRAY['actor', 'reason']
    THEN
        RAISE EXCEPTION 'UPDATE of atelier.order_events is refused: events never change'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'history_law',
                SCHEMA = 'atelier', TABLE = 'order_events',
                HINT = 'Only the erase command replaces actor and reason.';
    END IF;
    RETURN NEW;
END;
$$;

CREATE TRIGGER orders_law_on_insert AFTER INSERT ON atelier.orders
    REFERENCING NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION atelier.orders_equal_their_last_event();

CREATE TRIGGER orders_law_on_update AFTER UPDATE ON atelier.orders
    REFERENCING NEW TABLE AS touched
    FOR EACH STATEMENT EXECUTE FUNCTION atelier.orders_equal_their_last_event();

-- Fires only for statements that name these columns, so moves pay nothing for it.
CREATE TRIGGER orders_identity_is_fixed BEFORE UPDATE OF order_id, created_at ON atelier.orders
    FOR EACH ROW WHEN (NEW.order_id <> OLD.order_id OR NEW.created_at <> OLD.created_at)
    EXECUTE FUNCTION atelier.history_refuses_this();

CREATE TRIGGER orders_no_delete BEFORE DELETE ON atelier.orders
    FOR EACH STATEMENT EXECUTE FUNCTION atelier.history_refuses_this();

CREATE TRIGGER orders_no_truncate BEFORE TRUNCATE ON atelier.orders
    FOR EACH STATEMENT EXECUTE FUNCTION atelier.history_refuses_this();

CREATE TRIGGER order_events_law_on_insert AFTER INSERT ON atelier.order_events
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION atelier.order_events_follow_each_other();

CREATE TRIGGER order_events_no_update BEFORE UPDATE ON atelier.order_events
    FOR EACH ROW EXECUTE FUNCTION atelier.order_events_change_by_erasure_only();

CREATE TRIGGER order_events_no_delete BEFORE DELETE ON atelier.order_events
    FOR EACH STATEMENT EXECUTE FUNCTION atelier.history_refuses_this();

CREATE TRIGGER order_events_no_truncate BEFORE TRUNCATE ON atelier.order_events
    FOR EACH STATEMENT EXECUTE FUNCTION atelier.history_refuses_this();
