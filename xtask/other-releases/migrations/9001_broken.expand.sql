-- Why: whoever wrote this tried it on an empty table, where every column may be NOT NULL.
ALTER TABLE atelier.orders ADD COLUMN wrapping text NOT NULL;
