-- Why: the guards of before 0005 are still there until its contract runs, and no release of before can record an erasure.

-- A record is never taken back: where one was made, this is refused.
DO $$
BEGIN
    IF EXISTS (SELECT FROM atelier.erasures) THEN
        RAISE EXCEPTION 'persons were erased, and their records stay' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
END;
$$;

DROP TRIGGER orders_parties_are_fixed ON atelier.orders;
DROP TRIGGER order_events_no_unrecorded_update ON atelier.order_events;
DROP FUNCTION atelier.orders_parties_change_by_recorded_erasure_only();
DROP FUNCTION atelier.order_events_change_by_recorded_erasure_only();
DROP FUNCTION atelier.is_erased_as(text);
DROP TABLE atelier.erasures;
DROP FUNCTION atelier.erasures_are_signed();
