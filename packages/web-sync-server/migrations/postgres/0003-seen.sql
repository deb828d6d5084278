-- What the author of a version had not seen of it (null: nothing); whose the waiting deletions are, and on which version they were made.
-- Of the deletions that wait already it is not known whose they are.

ALTER TABLE web_sync.records ADD COLUMN unseen text;
ALTER TABLE web_sync.log ADD COLUMN unseen text;

DELETE FROM web_sync.awaiting_deletes;
ALTER TABLE web_sync.awaiting_deletes
  ALTER COLUMN mutation_id TYPE text COLLATE "C",
  ADD COLUMN account text COLLATE "C" NOT NULL,
  ADD COLUMN base text,
  DROP CONSTRAINT awaiting_deletes_pkey,
  ADD PRIMARY KEY (space, collection, id, mutation_id, account);

CREATE OR REPLACE FUNCTION web_sync.erase_account(of_account text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  erased bigint;
BEGIN
  DELETE FROM web_sync.checkpoints WHERE (space, partnership_id) IN
    (SELECT p.space, p.partnership_id FROM web_sync.partnerships p WHERE p.account = of_account);
  DELETE FROM web_sync.requests WHERE (space, partnership_id) IN
    (SELECT p.space, p.partnership_id FROM web_sync.partnerships p WHERE p.account = of_account);
  DELETE FROM web_sync.outcomes WHERE account = of_account;
  DELETE FROM web_sync.awaiting_deletes WHERE account = of_account;
  DELETE FROM web_sync.partnerships WHERE account = of_account;
  GET DIAGNOSTICS erased = ROW_COUNT;
  RETURN erased;
END
$$;
