SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE SCHEMA web_sync;
CREATE FUNCTION web_sync.erase_account(of_account text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
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
CREATE FUNCTION web_sync.find_partnerships(of_account text, ids text[]) RETURNS TABLE(space text, partnership_id text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT p.space, p.partnership_id FROM web_sync.partnerships p WHERE p.account = of_account AND p.partnership_id = ANY (ids)
$$;
CREATE FUNCTION web_sync.grant_runtime(to_role text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
  EXECUTE format('GRANT USAGE ON SCHEMA web_sync TO %I', to_role);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA web_sync TO %I', to_role);
  EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON web_sync.migrations FROM %I', to_role);
  EXECUTE format('GRANT EXECUTE ON FUNCTION web_sync.list_spaces(), web_sync.find_partnerships(text, text[]), '
    'web_sync.mark_all_durable(), web_sync.erase_account(text) TO %I', to_role);
END
$$;
CREATE FUNCTION web_sync.list_spaces() RETURNS SETOF text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  SELECT space FROM web_sync.spaces WHERE head > 0
  UNION SELECT space FROM web_sync.partnerships
  UNION SELECT space FROM web_sync.outcomes
  ORDER BY 1
$$;
CREATE FUNCTION web_sync.mark_all_durable() RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  UPDATE web_sync.spaces SET durable_head = head WHERE durable_head < head
$$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE web_sync.awaiting_deletes (
    space text NOT NULL COLLATE pg_catalog."C",
    collection text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    mutation_id text NOT NULL COLLATE pg_catalog."C",
    at_ms bigint NOT NULL,
    account text NOT NULL COLLATE pg_catalog."C",
    base text
);
CREATE TABLE web_sync.checkpoints (
    space text NOT NULL COLLATE pg_catalog."C",
    partnership_id text NOT NULL COLLATE pg_catalog."C",
    n bigint NOT NULL,
    tag text NOT NULL COLLATE pg_catalog."C",
    issue_order bigint NOT NULL,
    parent_tag text COLLATE pg_catalog."C",
    cut bigint NOT NULL,
    is_presented boolean NOT NULL,
    collections text NOT NULL,
    settle_at bigint,
    is_settled boolean NOT NULL,
    digest text,
    sent bigint NOT NULL,
    request_id text NOT NULL,
    created_at_ms bigint NOT NULL
);
CREATE TABLE web_sync.forgotten (
    space text NOT NULL COLLATE pg_catalog."C",
    account text NOT NULL COLLATE pg_catalog."C",
    origin_id text NOT NULL COLLATE pg_catalog."C",
    numbers text NOT NULL COLLATE pg_catalog."C"
);
CREATE TABLE web_sync.log (
    space text NOT NULL COLLATE pg_catalog."C",
    number bigint NOT NULL,
    tx_end bigint NOT NULL,
    collection text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    version text NOT NULL,
    previous_version text,
    mutation_id text,
    value text,
    at_ms bigint NOT NULL,
    unseen text
);
CREATE TABLE web_sync.migrations (
    version integer NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE web_sync.outcomes (
    space text NOT NULL COLLATE pg_catalog."C",
    account text NOT NULL COLLATE pg_catalog."C",
    mutation_id text NOT NULL COLLATE pg_catalog."C",
    content_hash text NOT NULL,
    outcome text NOT NULL,
    last_number bigint,
    partnership_id text COLLATE pg_catalog."C",
    n bigint NOT NULL,
    at_ms bigint NOT NULL,
    confirmed_at_ms bigint,
    request_id text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    origin_id text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    origin_number bigint DEFAULT 0 NOT NULL
);
CREATE TABLE web_sync.partner (
    one boolean NOT NULL,
    id text NOT NULL COLLATE pg_catalog."C",
    CONSTRAINT partner_one_check CHECK (one)
);
CREATE TABLE web_sync.partnerships (
    space text NOT NULL COLLATE pg_catalog."C",
    partnership_id text NOT NULL COLLATE pg_catalog."C",
    account text NOT NULL COLLATE pg_catalog."C",
    replica_id text NOT NULL,
    is_provisional boolean NOT NULL,
    created_at_ms bigint NOT NULL,
    last_seen_at_ms bigint NOT NULL
)
WITH (fillfactor='80');
CREATE TABLE web_sync.records (
    space text NOT NULL COLLATE pg_catalog."C",
    collection text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    version text NOT NULL,
    mutation_id text,
    value text NOT NULL,
    unseen text,
    prior_mutations text
);
CREATE TABLE web_sync.requests (
    space text NOT NULL COLLATE pg_catalog."C",
    partnership_id text NOT NULL COLLATE pg_catalog."C",
    request_id text NOT NULL COLLATE pg_catalog."C",
    place bigint NOT NULL,
    issued_partnership_id text NOT NULL,
    issued_n bigint NOT NULL,
    issued_tag text NOT NULL
);
CREATE TABLE web_sync.sightings (
    space text NOT NULL COLLATE pg_catalog."C",
    restore_seen_at_ms bigint NOT NULL
);
CREATE TABLE web_sync.spaces (
    space text NOT NULL COLLATE pg_catalog."C",
    head bigint NOT NULL,
    floor bigint NOT NULL,
    durable_head bigint NOT NULL,
    digest text NOT NULL,
    restored_at_ms bigint
)
WITH (fillfactor='50');
INSERT INTO web_sync.checkpoints VALUES ('captured', 'a55c52bfc074d51863a52bfaef631736', 1, '4f359d9922272c5bd7f1a479922ffe31', 1, NULL, 0, true, '{"notes":{"complete":true},"plain":{"complete":true}}', 0, true, '{}', 0, '6d0ede1c8410727f580e6d12f103e276', 1796099520423);
INSERT INTO web_sync.checkpoints VALUES ('captured', 'a55c52bfc074d51863a52bfaef631736', 2, '128590c2c85ba64ea282f20e6a22c0c7', 1, '4f359d9922272c5bd7f1a479922ffe31', 1, true, '{"notes":{"complete":true},"plain":{"complete":true}}', 0, true, '{"notes":{"count":1,"sum":"56c4a2685f41d228"}}', 0, '89c768e502218b0703799da160af0e09', 1796099520452);
INSERT INTO web_sync.checkpoints VALUES ('captured', 'a55c52bfc074d51863a52bfaef631736', 3, '3a21369e796bce8a54e62e04dbf80c91', 1, '128590c2c85ba64ea282f20e6a22c0c7', 2, true, '{"notes":{"complete":true},"plain":{"complete":true}}', 0, true, '{"notes":{"count":2,"sum":"18febf936b95b4bd"}}', 0, '40fda54cfb43c1936172875324ee7e72', 1796099520493);
INSERT INTO web_sync.checkpoints VALUES ('captured', 'a55c52bfc074d51863a52bfaef631736', 4, '2c19456b506cb74795ce694c761822b2', 1, '3a21369e796bce8a54e62e04dbf80c91', 3, true, '{"notes":{"complete":true},"plain":{"complete":true}}', 0, true, '{"notes":{"count":1,"sum":"56c4a2685f41d228"}}', 0, 'f5c5b88dbf57ae3f67b9fc8b19cfea6c', 1796099520556);
INSERT INTO web_sync.checkpoints VALUES ('captured', 'a55c52bfc074d51863a52bfaef631736', 5, 'f8b8768ef1eac6505dce42f789bcaf72', 1, '2c19456b506cb74795ce694c761822b2', 3, true, '{"notes":{"complete":true},"plain":{"complete":true}}', 0, true, '{"notes":{"count":1,"sum":"56c4a2685f41d228"}}', 0, 'd8ddb1458075cafe46cd614f5ff8263c', 1796099520599);
INSERT INTO web_sync.checkpoints VALUES ('captured', 'a55c52bfc074d51863a52bfaef631736', 6, '75cd37e6d89ba41d2e52c325f45c11b9', 1, 'f8b8768ef1eac6505dce42f789bcaf72', 4, false, '{"notes":{"complete":true},"plain":{"complete":true}}', 0, true, '{"notes":{"count":2,"sum":"097336d789f2a5b2"}}', 0, '89b791179500621b6a2c81c7cdcb9b74', 1796099520630);
INSERT INTO web_sync.log VALUES ('captured', 1, 1, 'notes', 'a', '1-56c4a2685f41d228', NULL, '01a22fdf-b753-7173-9a5f-48d86bdf1db3', '{"id":"a","text":"first"}', 1796099520449, NULL);
INSERT INTO web_sync.log VALUES ('captured', 2, 2, 'notes', 'b', '2-c23a1d2b0c53e295', NULL, '01a22fdf-b7d3-7d47-8276-da7266d7d27f', '{"id":"b","text":"second","tags":["x"]}', 1796099520492, NULL);
INSERT INTO web_sync.log VALUES ('captured', 3, 3, 'notes', 'b', '3-303e2e44a5ab068a', '2-c23a1d2b0c53e295', '01a22fdf-b7fb-73dd-a00a-f70056fbb602', NULL, 1796099520552, NULL);
INSERT INTO web_sync.log VALUES ('captured', 4, 4, 'notes', 'c', '4-b2ae946f2ab0d38a', NULL, 'd6884b4c-5d99-4dfa-acb5-f449c7434b74', '{"id":"c","text":"of the partner","tags":["x"]}', 1796099520611, NULL);
INSERT INTO web_sync.migrations VALUES (1, '0001-tables.sql', '4718500688ab929bf6846c70b67c8f753077caad23726fe51c63a756fe5e2fe1', '2026-12-01 04:32:00.199446+00');
INSERT INTO web_sync.migrations VALUES (2, '0002-walls.sql', 'f6536ad15c67ec659ec5d91e99cf2a9ea869ffaf89b32b0ebb6306c93121f181', '2026-12-01 04:32:00.199446+00');
INSERT INTO web_sync.migrations VALUES (3, '0003-seen.sql', '569b3d2d6716a78d20e6eac858d8027773ffc5a0a8704b2f4051553f0441d5cd', '2026-12-01 04:32:00.199446+00');
INSERT INTO web_sync.migrations VALUES (4, '0004-forgotten.sql', 'da7df6441898450257ab5d26fcbb3f8451767f2cdcb2b396116097534fda4cab', '2026-12-01 04:32:00.199446+00');
INSERT INTO web_sync.migrations VALUES (5, '0005-partner.sql', 'f280da7201c080f0c6ea8fc4dcdbb71afe45f8fd6c84d37f2652f32b3ceea7b6', '2026-12-01 04:32:00.199446+00');
INSERT INTO web_sync.migrations VALUES (6, '0006-prior-mutations.sql', '2407cb0cc371cf0a8aa0b866de445f1063e560e4c3f4faf55ddf9cbbe48cdda9', '2026-12-01 04:32:00.199446+00');
INSERT INTO web_sync.outcomes VALUES ('captured', 'ada', '01a22fdf-b753-7173-9a5f-48d86bdf1db3', 'e8c26c4eb812b252ade4d271cd5142b5c76e43fc9a280ae128c737f397a5454d', '{"mutationId":"01a22fdf-b753-7173-9a5f-48d86bdf1db3","type":"accepted","duplicate":false,"merged":false,"versions":[{"collection":"notes","id":"a","version":"1-56c4a2685f41d228"}]}', 1, 'a55c52bfc074d51863a52bfaef631736', 2, 1796099520449, 1796099520491, '89c768e502218b0703799da160af0e09', '790b5de278db11ac0b8b43b8ebce57a4', 1);
INSERT INTO web_sync.outcomes VALUES ('captured', 'ada', '01a22fdf-b7d3-7d47-8276-da7266d7d27f', '85e2e9e624607ef6c1505db3337f9c7958a26baf4e8b09c1be04d05faf2d2ed3', '{"mutationId":"01a22fdf-b7d3-7d47-8276-da7266d7d27f","type":"accepted","duplicate":false,"merged":false,"versions":[{"collection":"notes","id":"b","version":"2-c23a1d2b0c53e295"}]}', 2, 'a55c52bfc074d51863a52bfaef631736', 3, 1796099520492, 1796099520551, '40fda54cfb43c1936172875324ee7e72', 'a55c52bfc074d51863a52bfaef631736', 2);
INSERT INTO web_sync.outcomes VALUES ('captured', 'ada', '01a22fdf-b7fb-73dd-a00a-f70056fbb602', '1d483591e493ccee5baef5ccad1e549e3d3ea1ac0f16d5e54cb0c3ac5d392fce', '{"mutationId":"01a22fdf-b7fb-73dd-a00a-f70056fbb602","type":"accepted","duplicate":false,"merged":false,"versions":[{"collection":"notes","id":"b","version":null,"mutations":["01a22fdf-b7d3-7d47-8276-da7266d7d27f"]}]}', 3, 'a55c52bfc074d51863a52bfaef631736', 4, 1796099520552, 1796099520598, 'f5c5b88dbf57ae3f67b9fc8b19cfea6c', 'a55c52bfc074d51863a52bfaef631736', 3);
INSERT INTO web_sync.outcomes VALUES ('captured', 'ada', '01a22fdf-b836-72d1-bb4b-bbc5173d1edf', '2a85ff5a677f614bd4ecab8fcb98fd43cc08ea5ea7075915f1775c3c27bc3f27', '{"mutationId":"01a22fdf-b836-72d1-bb4b-bbc5173d1edf","type":"refused","duplicate":false,"code":"not-allowed","message":"not this one","path":"/0"}', NULL, 'a55c52bfc074d51863a52bfaef631736', 5, 1796099520598, 1796099520630, 'd8ddb1458075cafe46cd614f5ff8263c', 'a55c52bfc074d51863a52bfaef631736', 4);
INSERT INTO web_sync.partner VALUES (true, 'c83eca98428725d609881101a3bbf7c0');
INSERT INTO web_sync.partnerships VALUES ('captured', 'a55c52bfc074d51863a52bfaef631736', 'ada', '790b5de278db11ac0b8b43b8ebce57a4', false, 1796099520413, 1796099520630);
INSERT INTO web_sync.records VALUES ('captured', 'notes', 'a', '1-56c4a2685f41d228', '01a22fdf-b753-7173-9a5f-48d86bdf1db3', '{"id":"a","text":"first"}', NULL, NULL);
INSERT INTO web_sync.records VALUES ('captured', 'notes', 'c', '4-b2ae946f2ab0d38a', 'd6884b4c-5d99-4dfa-acb5-f449c7434b74', '{"id":"c","text":"of the partner","tags":["x"]}', NULL, NULL);
INSERT INTO web_sync.requests VALUES ('captured', 'a55c52bfc074d51863a52bfaef631736', '6d0ede1c8410727f580e6d12f103e276', 1, 'a55c52bfc074d51863a52bfaef631736', 1, '4f359d9922272c5bd7f1a479922ffe31');
INSERT INTO web_sync.requests VALUES ('captured', 'a55c52bfc074d51863a52bfaef631736', '89c768e502218b0703799da160af0e09', 2, 'a55c52bfc074d51863a52bfaef631736', 2, '128590c2c85ba64ea282f20e6a22c0c7');
INSERT INTO web_sync.requests VALUES ('captured', 'a55c52bfc074d51863a52bfaef631736', '40fda54cfb43c1936172875324ee7e72', 3, 'a55c52bfc074d51863a52bfaef631736', 3, '3a21369e796bce8a54e62e04dbf80c91');
INSERT INTO web_sync.requests VALUES ('captured', 'a55c52bfc074d51863a52bfaef631736', 'f5c5b88dbf57ae3f67b9fc8b19cfea6c', 4, 'a55c52bfc074d51863a52bfaef631736', 4, '2c19456b506cb74795ce694c761822b2');
INSERT INTO web_sync.requests VALUES ('captured', 'a55c52bfc074d51863a52bfaef631736', 'd8ddb1458075cafe46cd614f5ff8263c', 5, 'a55c52bfc074d51863a52bfaef631736', 5, 'f8b8768ef1eac6505dce42f789bcaf72');
INSERT INTO web_sync.requests VALUES ('captured', 'a55c52bfc074d51863a52bfaef631736', '89b791179500621b6a2c81c7cdcb9b74', 6, 'a55c52bfc074d51863a52bfaef631736', 6, '75cd37e6d89ba41d2e52c325f45c11b9');
INSERT INTO web_sync.sightings VALUES ('captured', 1796099520649);
INSERT INTO web_sync.spaces VALUES ('captured', 4, 0, 0, '{"notes":{"count":2,"sum":"097336d789f2a5b2"}}', NULL);
ALTER TABLE ONLY web_sync.awaiting_deletes
    ADD CONSTRAINT awaiting_deletes_pkey PRIMARY KEY (space, collection, id, mutation_id, account);
ALTER TABLE ONLY web_sync.checkpoints
    ADD CONSTRAINT checkpoints_pkey PRIMARY KEY (space, partnership_id, n, tag);
ALTER TABLE ONLY web_sync.forgotten
    ADD CONSTRAINT forgotten_pkey PRIMARY KEY (space, account, origin_id);
ALTER TABLE ONLY web_sync.log
    ADD CONSTRAINT log_pkey PRIMARY KEY (space, number);
ALTER TABLE ONLY web_sync.migrations
    ADD CONSTRAINT migrations_pkey PRIMARY KEY (version);
ALTER TABLE ONLY web_sync.outcomes
    ADD CONSTRAINT outcomes_pkey PRIMARY KEY (space, account, mutation_id);
ALTER TABLE ONLY web_sync.partner
    ADD CONSTRAINT partner_pkey PRIMARY KEY (one);
ALTER TABLE ONLY web_sync.partnerships
    ADD CONSTRAINT partnerships_pkey PRIMARY KEY (space, partnership_id);
ALTER TABLE ONLY web_sync.records
    ADD CONSTRAINT records_pkey PRIMARY KEY (space, collection, id);
ALTER TABLE ONLY web_sync.requests
    ADD CONSTRAINT requests_pkey PRIMARY KEY (space, partnership_id, request_id);
ALTER TABLE ONLY web_sync.sightings
    ADD CONSTRAINT sightings_pkey PRIMARY KEY (space);
ALTER TABLE ONLY web_sync.spaces
    ADD CONSTRAINT spaces_pkey PRIMARY KEY (space);
CREATE INDEX confirmed_outcomes ON web_sync.outcomes USING btree (space, confirmed_at_ms) WHERE (confirmed_at_ms IS NOT NULL);
CREATE INDEX partnerships_by_account ON web_sync.partnerships USING btree (account, space, partnership_id);
CREATE INDEX presented_checkpoints ON web_sync.checkpoints USING btree (space, partnership_id, n) WHERE is_presented;
CREATE INDEX unconfirmed_outcomes ON web_sync.outcomes USING btree (space, partnership_id) WHERE (confirmed_at_ms IS NULL);
ALTER TABLE web_sync.awaiting_deletes ENABLE ROW LEVEL SECURITY;
ALTER TABLE web_sync.checkpoints ENABLE ROW LEVEL SECURITY;
ALTER TABLE web_sync.forgotten ENABLE ROW LEVEL SECURITY;
ALTER TABLE web_sync.log ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_space ON web_sync.awaiting_deletes USING ((space = current_setting('web_sync.space'::text, true)));
CREATE POLICY one_space ON web_sync.checkpoints USING ((space = current_setting('web_sync.space'::text, true)));
CREATE POLICY one_space ON web_sync.forgotten USING ((space = current_setting('web_sync.space'::text, true)));
CREATE POLICY one_space ON web_sync.log USING ((space = current_setting('web_sync.space'::text, true)));
CREATE POLICY one_space ON web_sync.outcomes USING ((space = current_setting('web_sync.space'::text, true)));
CREATE POLICY one_space ON web_sync.partnerships USING ((space = current_setting('web_sync.space'::text, true)));
CREATE POLICY one_space ON web_sync.records USING ((space = current_setting('web_sync.space'::text, true)));
CREATE POLICY one_space ON web_sync.requests USING ((space = current_setting('web_sync.space'::text, true)));
CREATE POLICY one_space ON web_sync.sightings USING ((space = current_setting('web_sync.space'::text, true)));
CREATE POLICY one_space ON web_sync.spaces USING ((space = current_setting('web_sync.space'::text, true)));
ALTER TABLE web_sync.outcomes ENABLE ROW LEVEL SECURITY;
ALTER TABLE web_sync.partnerships ENABLE ROW LEVEL SECURITY;
ALTER TABLE web_sync.records ENABLE ROW LEVEL SECURITY;
ALTER TABLE web_sync.requests ENABLE ROW LEVEL SECURITY;
ALTER TABLE web_sync.sightings ENABLE ROW LEVEL SECURITY;
ALTER TABLE web_sync.spaces ENABLE ROW LEVEL SECURITY;
GRANT USAGE ON SCHEMA web_sync TO web_sync_app;
REVOKE ALL ON FUNCTION web_sync.erase_account(of_account text) FROM PUBLIC;
GRANT ALL ON FUNCTION web_sync.erase_account(of_account text) TO web_sync_app;
REVOKE ALL ON FUNCTION web_sync.find_partnerships(of_account text, ids text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION web_sync.find_partnerships(of_account text, ids text[]) TO web_sync_app;
REVOKE ALL ON FUNCTION web_sync.grant_runtime(to_role text) FROM PUBLIC;
REVOKE ALL ON FUNCTION web_sync.list_spaces() FROM PUBLIC;
GRANT ALL ON FUNCTION web_sync.list_spaces() TO web_sync_app;
REVOKE ALL ON FUNCTION web_sync.mark_all_durable() FROM PUBLIC;
GRANT ALL ON FUNCTION web_sync.mark_all_durable() TO web_sync_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE web_sync.awaiting_deletes TO web_sync_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE web_sync.checkpoints TO web_sync_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE web_sync.forgotten TO web_sync_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE web_sync.log TO web_sync_app;
GRANT SELECT ON TABLE web_sync.migrations TO web_sync_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE web_sync.outcomes TO web_sync_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE web_sync.partner TO web_sync_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE web_sync.partnerships TO web_sync_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE web_sync.records TO web_sync_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE web_sync.requests TO web_sync_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE web_sync.sightings TO web_sync_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE web_sync.spaces TO web_sync_app;
