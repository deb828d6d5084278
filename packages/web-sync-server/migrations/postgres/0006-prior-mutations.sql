-- The mutations that made a record before its last one: who deletes it has seen them, and waits for them after a restore.
-- Of the records that are there they are not known.
ALTER TABLE web_sync.records ADD COLUMN prior_mutations text;
