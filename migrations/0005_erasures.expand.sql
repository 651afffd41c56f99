-- Why: a person who is erased leaves a record of it, made in the same transaction, so that history changes for no other reason.

-- It names nobody: the token is what stands in the person's place from then on. One record is of one person.
CREATE TABLE atelier.erasures (
    erasure_id bigint GENERATED ALWAYS AS IDENTITY,
    token      text COLLATE "C" NOT NULL,
    at         timestamptz      NOT NULL DEFAULT now(),
    erased_by  text             NOT NULL DEFAULT session_user,

    CONSTRAINT erasures_pkey PRIMARY KEY (erasure_id),
    CONSTRAINT erasures_token_once UNIQUE (token),
    CONSTRAINT erasures_token_form CHECK (token ~ '^erased-[0-9a-f]{32}$'),
    CONSTRAINT erasures_at_finite CHECK (isfinite(at))
);

-- Who and when are the server's to say.
CREATE FUNCTION atelier.erasures_are_signed() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    NEW.at := now();
    NEW.erased_by := session_user;
    RETURN NEW;
END;
$$;

-- Whether `replacement` stands for a person whom this transaction erases. By the row's own transaction number, which nobody can write.
CREATE FUNCTION atelier.is_erased_as(replacement text) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp
AS $$
    SELECT EXISTS (
        SELECT FROM atelier.erasures AS e
        WHERE e.token = replacement COLLATE "C" AND e.xmin = pg_current_xact_id()::xid
    );
$$;

CREATE FUNCTION atelier.order_events_change_by_recorded_erasure_only() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF to_jsonb(NEW) - ARRAY['actor', 'reason'] IS DISTINCT FROM to_jsonb(OLD) - ARRAY['actor', 'reason']
        OR (NEW.reason IS NOT NULL AND NEW.reason IS DISTINCT FROM OLD.reason)
        OR NOT atelier.is_erased_as(NEW.actor)
    THEN
        RAISE EXCEPTION 'UPDATE of atelier.order_events is refused: events never change'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'history_law',
                SCHEMA = 'atelier', TABLE = 'order_events',
                HINT = 'Only an erasure replaces the actor by its token and empties the reason, in the transaction that records it in atelier.erasures.';
    END IF;
    RETURN NEW;
END;
$$;

CREATE FUNCTION atelier.orders_parties_change_by_recorded_erasure_only() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF (NEW.requester_id <> OLD.requester_id AND NOT atelier.is_erased_as(NEW.requester_id))
        OR (NEW.created_by <> OLD.created_by AND NOT atelier.is_erased_as(NEW.created_by))
    THEN
        RAISE EXCEPTION 'UPDATE of the parties of order % is refused: they are fixed at its creation', OLD.order_id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'history_law',
                SCHEMA = 'atelier', TABLE = 'orders',
                HINT = 'Only an erasure replaces a party by its token, in the transaction that records it in atelier.erasures.';
    END IF;
    RETURN NEW;
END;
$$;

CREATE TRIGGER order_events_no_unrecorded_update BEFORE UPDATE ON atelier.order_events
    FOR EACH ROW EXECUTE FUNCTION atelier.order_events_change_by_recorded_erasure_only();

-- Fires only for statements that name these columns, so moves pay nothing for it.
CREATE TRIGGER orders_parties_are_fixed BEFORE UPDATE OF requester_id, created_by ON atelier.orders
    FOR EACH ROW WHEN (NEW.requester_id <> OLD.requester_id OR NEW.created_by <> OLD.created_by)
    EXECUTE FUNCTION atelier.orders_parties_change_by_recorded_erasure_only();

CREATE TRIGGER erasures_signed BEFORE INSERT ON atelier.erasures
    FOR EACH ROW EXECUTE FUNCTION atelier.erasures_are_signed();

CREATE TRIGGER erasures_no_update BEFORE UPDATE ON atelier.erasures
    FOR EACH STATEMENT EXECUTE FUNCTION atelier.history_refuses_this();

CREATE TRIGGER erasures_no_delete BEFORE DELETE ON atelier.erasures
    FOR EACH STATEMENT EXECUTE FUNCTION atelier.history_refuses_this();

CREATE TRIGGER erasures_no_truncate BEFORE TRUNCATE ON atelier.erasures
    FOR EACH STATEMENT EXECUTE FUNCTION atelier.history_refuses_this();
