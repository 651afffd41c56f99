-- Why: a setting that any session could make was the way past the guard of events; since 0005 only a recorded erasure is.
DROP TRIGGER order_events_no_update ON atelier.order_events;
DROP FUNCTION atelier.order_events_change_by_erasure_only();
