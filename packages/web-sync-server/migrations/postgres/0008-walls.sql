-- The second wall: the runtime role sees the rows of one space only, the one that its transaction has named, whatever a statement
-- forgets to ask for. A transaction that named none sees nothing. The owner is not bound by it; the partner refuses to run as the owner.

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['spaces', 'sightings', 'records', 'awaiting_deletes', 'log', 'partnerships', 'checkpoints', 'requests',
    'outcomes', 'forgotten']
  LOOP
    EXECUTE format('ALTER TABLE web_sync.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY one_space ON web_sync.%I USING (space = current_setting(''web_sync.space'', true))', name);
  END LOOP;
END
$$;

-- What must look across spaces has narrow doors of its own, which run as the owner.

CREATE FUNCTION web_sync.list_spaces() RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT space FROM web_sync.spaces WHERE head > 0
  UNION SELECT space FROM web_sync.partnerships
  UNION SELECT space FROM web_sync.outcomes
  ORDER BY 1
$$;

CREATE FUNCTION web_sync.find_partnerships(of_account text, ids text[]) RETURNS TABLE (space text, partnership_id text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  SELECT p.space, p.partnership_id FROM web_sync.partnerships p WHERE p.account = of_account AND p.partnership_id = ANY (ids)
$$;

CREATE FUNCTION web_sync.mark_all_durable() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
  UPDATE web_sync.spaces SET durable_head = head WHERE durable_head < head
$$;

CREATE FUNCTION web_sync.erase_account(of_account text) RETURNS bigint
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

-- Gives a role what the partner needs at run time and nothing else: no DDL, no TRUNCATE, no writing of the migrations' list.
CREATE FUNCTION web_sync.grant_runtime(to_role text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format('GRANT USAGE ON SCHEMA web_sync TO %I', to_role);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA web_sync TO %I', to_role);
  EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON web_sync.migrations FROM %I', to_role);
  EXECUTE format('GRANT EXECUTE ON FUNCTION web_sync.list_spaces(), web_sync.find_partnerships(text, text[]), '
    'web_sync.mark_all_durable(), web_sync.erase_account(text) TO %I', to_role);
END
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA web_sync FROM PUBLIC;
