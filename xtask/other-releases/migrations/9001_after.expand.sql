-- Why: the release after this one remembers how an order is wrapped; a nullable column is there at once.
ALTER TABLE atelier.orders ADD COLUMN wrapping text;
