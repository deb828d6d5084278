-- What is left of outcomes that were pruned: so a mutation that comes again is known, for ever.

ALTER TABLE web_sync.outcomes
  ADD COLUMN request_id text COLLATE "C" NOT NULL DEFAULT '',
  ADD COLUMN origin_id text COLLATE "C" NOT NULL DEFAULT '',
  ADD COLUMN origin_number bigint NOT NULL DEFAULT 0;

CREATE TABLE web_sync.forgotten (
  space text COLLATE "C" NOT NULL,
  account text COLLATE "C" NOT NULL,
  origin_id text COLLATE "C" NOT NULL,
  numbers text COLLATE "C" NOT NULL,
  PRIMARY KEY (space, account, origin_id)
);

ALTER TABLE web_sync.forgotten ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_space ON web_sync.forgotten USING (space = current_setting('web_sync.space', true));

DROP INDEX web_sync.unsettled_checkpoints;

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
  DELETE FROM web_sync.forgotten WHERE account = of_account;
  DELETE FROM web_sync.partnerships WHERE account = of_account;
  GET DIAGNOSTICS erased = ROW_COUNT;
  RETURN erased;
END
$$;
