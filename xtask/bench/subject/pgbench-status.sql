-- The floor of GET status: its one row, prepared, nothing around it.
\set order random(1, :orders)
SELECT order_id, requester_id, created_by, stage::text, alert_raised_by, alert_reason, version, updated_at
FROM atelier.orders WHERE order_id = :order;
