-- Why: the guards of before 0005 are still there until its contract runs, and no release of before can record an erasure.
DROP TRIGGER orders_parties_are_fixed ON atelier.orders;
DROP TRIGGER order_events_no_unrecorded_update ON atelier.order_events;
DROP FUNCTION atelier.orders_parties_change_by_recorded_erasure_only();
DROP FUNCTION atelier.order_events_change_by_recorded_erasure_only();
DROP FUNCTION atelier.is_erasing();
DROP TABLE atelier.erasures;
