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
    account text NOT NULL COLLATE pg_catalog."C",
    base text,
    at_ms bigint NOT NULL
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
    unseen text,
    value text,
    at_ms bigint NOT NULL
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
    request_id text NOT NULL COLLATE pg_catalog."C",
    origin_id text NOT NULL COLLATE pg_catalog."C",
    origin_number bigint NOT NULL,
    at_ms bigint NOT NULL,
    confirmed_at_ms bigint
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
    unseen text,
    prior_mutations text,
    value text NOT NULL
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
INSERT INTO web_sync.checkpoints VALUES ('captured', '2adfe4689aa0c8a2d273ebef668e840c', 1, '0c59af6055b93c9527d302a11c8d98cc', 1, NULL, 0, true, '{"notes":{"complete":true},"plain":{"complete":true}}', 0, true, '{}', 0, 'b74fb8494c87c80b9dc5011f95d569d4', 1796099706508);
INSERT INTO web_sync.checkpoints VALUES ('captured', '2adfe4689aa0c8a2d273ebef668e840c', 2, 'aee9fbd548c8ff96d89bbdf5d390f637', 1, '0c59af6055b93c9527d302a11c8d98cc', 1, true, '{"notes":{"complete":true},"plain":{"complete":true}}', 0, true, '{"notes":{"count":1,"sum":"1d40f01b87f598e5"}}', 0, '36083bceced60cb0faaef76079fb44df', 1796099706540);
INSERT INTO web_sync.checkpoints VALUES ('captured', '2adfe4689aa0c8a2d273ebef668e840c', 3, '142d1c64aec477d4addc48c5b3a310eb', 1, 'aee9fbd548c8ff96d89bbdf5d390f637', 2, true, '{"notes":{"complete":true},"plain":{"complete":true}}', 0, true, '{"notes":{"count":2,"sum":"d4ffde6c925a0ddb"}}', 0, '422196ff91599604e956ad3f5499f088', 1796099706583);
INSERT INTO web_sync.checkpoints VALUES ('captured', '2adfe4689aa0c8a2d273ebef668e840c', 4, 'd68eef09501482dbb8ebbf6661a277ae', 1, '142d1c64aec477d4addc48c5b3a310eb', 3, true, '{"notes":{"complete":true},"plain":{"complete":true}}', 0, true, '{"notes":{"count":1,"sum":"1d40f01b87f598e5"}}', 0, 'f880ff0fb88459ce68c61545abad79da', 1796099706645);
INSERT INTO web_sync.checkpoints VALUES ('captured', '2adfe4689aa0c8a2d273ebef668e840c', 5, '3eaca73876954520bd466cd89495b204', 1, 'd68eef09501482dbb8ebbf6661a277ae', 3, true, '{"notes":{"complete":true},"plain":{"complete":true}}', 0, true, '{"notes":{"count":1,"sum":"1d40f01b87f598e5"}}', 0, 'ee21c01b10a7a1bd4cc7abb2f45c7331', 1796099706690);
INSERT INTO web_sync.checkpoints VALUES ('captured', '2adfe4689aa0c8a2d273ebef668e840c', 6, '5229a7ece9b2cada77bd8dd45456282d', 1, '3eaca73876954520bd466cd89495b204', 4, false, '{"notes":{"complete":true},"plain":{"complete":true}}', 0, true, '{"notes":{"count":2,"sum":"e3c4ed8ef6d9fee6"}}', 0, '39b3f7b74dd539d58b60e28f02072998', 1796099706725);
INSERT INTO web_sync.log VALUES ('captured', 1, 1, 'notes', 'a', '1-1d40f01b87f598e5', NULL, '01a22fe2-8e3d-7222-b372-adf5e3443f2e', NULL, '{"id":"a","text":"first"}', 1796099706537);
INSERT INTO web_sync.log VALUES ('captured', 2, 2, 'notes', 'b', '2-b7beee510a6474f6', NULL, '01a22fe2-8ebe-7065-9007-c9f28cd74c75', NULL, '{"id":"b","text":"second","tags":["x"]}', 1796099706582);
INSERT INTO web_sync.log VALUES ('captured', 3, 3, 'notes', 'b', '3-9e0cd3e8b4256c2c', '2-b7beee510a6474f6', '01a22fe2-8ee2-7658-a93e-a9894d3f7d5a', NULL, NULL, 1796099706641);
INSERT INTO web_sync.log VALUES ('captured', 4, 4, 'notes', 'c', '4-c683fd736ee46601', NULL, '8025669a-d711-4ba1-a5b4-ed7e2f134555', NULL, '{"id":"c","text":"of the partner","tags":["x"]}', 1796099706704);
INSERT INTO web_sync.migrations VALUES (7, '0007-tables.sql', 'a76d7a18fbebd1e2877e0d5f8f066870fc0923ae520ac603811714021cfbadbd', '2026-12-01 04:35:06.321772+00');
INSERT INTO web_sync.migrations VALUES (8, '0008-walls.sql', 'ad6fc44dd73d70bd34ce67d22f299b40ff35322107da44031c7ff5f7d213c81e', '2026-12-01 04:35:06.321772+00');
INSERT INTO web_sync.outcomes VALUES ('captured', 'ada', '01a22fe2-8e3d-7222-b372-adf5e3443f2e', 'e8c26c4eb812b252ade4d271cd5142b5c76e43fc9a280ae128c737f397a5454d', '{"mutationId":"01a22fe2-8e3d-7222-b372-adf5e3443f2e","type":"accepted","duplicate":false,"merged":false,"versions":[{"collection":"notes","id":"a","version":"1-1d40f01b87f598e5"}]}', 1, '2adfe4689aa0c8a2d273ebef668e840c', 2, '36083bceced60cb0faaef76079fb44df', '561978c7cc3b9ebf7e64aa8029fed451', 1, 1796099706537, 1796099706581);
INSERT INTO web_sync.outcomes VALUES ('captured', 'ada', '01a22fe2-8ebe-7065-9007-c9f28cd74c75', '85e2e9e624607ef6c1505db3337f9c7958a26baf4e8b09c1be04d05faf2d2ed3', '{"mutationId":"01a22fe2-8ebe-7065-9007-c9f28cd74c75","type":"accepted","duplicate":false,"merged":false,"versions":[{"collection":"notes","id":"b","version":"2-b7beee510a6474f6"}]}', 2, '2adfe4689aa0c8a2d273ebef668e840c', 3, '422196ff91599604e956ad3f5499f088', '2adfe4689aa0c8a2d273ebef668e840c', 2, 1796099706582, 1796099706641);
INSERT INTO web_sync.outcomes VALUES ('captured', 'ada', '01a22fe2-8ee2-7658-a93e-a9894d3f7d5a', '1d483591e493ccee5baef5ccad1e549e3d3ea1ac0f16d5e54cb0c3ac5d392fce', '{"mutationId":"01a22fe2-8ee2-7658-a93e-a9894d3f7d5a","type":"accepted","duplicate":false,"merged":false,"versions":[{"collection":"notes","id":"b","version":null,"mutations":["01a22fe2-8ebe-7065-9007-c9f28cd74c75"]}]}', 3, '2adfe4689aa0c8a2d273ebef668e840c', 4, 'f880ff0fb88459ce68c61545abad79da', '2adfe4689aa0c8a2d273ebef668e840c', 3, 1796099706641, 1796099706689);
INSERT INTO web_sync.outcomes VALUES ('captured', 'ada', '01a22fe2-8f22-74a7-84a7-da33c5b739fe', '2a85ff5a677f614bd4ecab8fcb98fd43cc08ea5ea7075915f1775c3c27bc3f27', '{"mutationId":"01a22fe2-8f22-74a7-84a7-da33c5b739fe","type":"refused","duplicate":false,"code":"not-allowed","message":"not this one","path":"/0"}', NULL, '2adfe4689aa0c8a2d273ebef668e840c', 5, 'ee21c01b10a7a1bd4cc7abb2f45c7331', '2adfe4689aa0c8a2d273ebef668e840c', 4, 1796099706689, 1796099706725);
INSERT INTO web_sync.partner VALUES (true, '945ff814a38ece57d07f5aa698f0ff59');
INSERT INTO web_sync.partnerships VALUES ('captured', '2adfe4689aa0c8a2d273ebef668e840c', 'ada', '561978c7cc3b9ebf7e64aa8029fed451', false, 1796099706498, 1796099706725);
INSERT INTO web_sync.records VALUES ('captured', 'notes', 'a', '1-1d40f01b87f598e5', '01a22fe2-8e3d-7222-b372-adf5e3443f2e', NULL, NULL, '{"id":"a","text":"first"}');
INSERT INTO web_sync.records VALUES ('captured', 'notes', 'c', '4-c683fd736ee46601', '8025669a-d711-4ba1-a5b4-ed7e2f134555', NULL, NULL, '{"id":"c","text":"of the partner","tags":["x"]}');
INSERT INTO web_sync.requests VALUES ('captured', '2adfe4689aa0c8a2d273ebef668e840c', 'b74fb8494c87c80b9dc5011f95d569d4', 1, '2adfe4689aa0c8a2d273ebef668e840c', 1, '0c59af6055b93c9527d302a11c8d98cc');
INSERT INTO web_sync.requests VALUES ('captured', '2adfe4689aa0c8a2d273ebef668e840c', '36083bceced60cb0faaef76079fb44df', 2, '2adfe4689aa0c8a2d273ebef668e840c', 2, 'aee9fbd548c8ff96d89bbdf5d390f637');
INSERT INTO web_sync.requests VALUES ('captured', '2adfe4689aa0c8a2d273ebef668e840c', '422196ff91599604e956ad3f5499f088', 3, '2adfe4689aa0c8a2d273ebef668e840c', 3, '142d1c64aec477d4addc48c5b3a310eb');
INSERT INTO web_sync.requests VALUES ('captured', '2adfe4689aa0c8a2d273ebef668e840c', 'f880ff0fb88459ce68c61545abad79da', 4, '2adfe4689aa0c8a2d273ebef668e840c', 4, 'd68eef09501482dbb8ebbf6661a277ae');
INSERT INTO web_sync.requests VALUES ('captured', '2adfe4689aa0c8a2d273ebef668e840c', 'ee21c01b10a7a1bd4cc7abb2f45c7331', 5, '2adfe4689aa0c8a2d273ebef668e840c', 5, '3eaca73876954520bd466cd89495b204');
INSERT INTO web_sync.requests VALUES ('captured', '2adfe4689aa0c8a2d273ebef668e840c', '39b3f7b74dd539d58b60e28f02072998', 6, '2adfe4689aa0c8a2d273ebef668e840c', 6, '5229a7ece9b2cada77bd8dd45456282d');
INSERT INTO web_sync.sightings VALUES ('captured', 1796099706747);
INSERT INTO web_sync.spaces VALUES ('captured', 4, 0, 0, '{"notes":{"count":2,"sum":"e3c4ed8ef6d9fee6"}}', NULL);
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
