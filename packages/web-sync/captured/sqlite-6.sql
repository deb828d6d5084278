PRAGMA application_id = 2004056430;
PRAGMA user_version = 6;
CREATE TABLE spaces (
    space TEXT NOT NULL PRIMARY KEY,
    head INTEGER NOT NULL,
    floor INTEGER NOT NULL,
    durable_head INTEGER NOT NULL,
    digest TEXT NOT NULL,
    restored_at_ms INTEGER
  ) STRICT, WITHOUT ROWID;
INSERT INTO spaces VALUES ('captured', 4, 0, 0, '{"notes":{"count":2,"sum":"d2e9b668eff23e1c"}}', NULL);
CREATE TABLE sightings (
    space TEXT NOT NULL PRIMARY KEY,
    restore_seen_at_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
INSERT INTO sightings VALUES ('captured', 1796099704356);
CREATE TABLE records (
    space TEXT NOT NULL,
    collection TEXT NOT NULL,
    id TEXT NOT NULL,
    version TEXT NOT NULL,
    mutation_id TEXT,
    -- The version below it that its author had not seen; null: the author saw exactly this.
    unseen TEXT,
    -- The mutations that made it before its last one; null: none.
    prior_mutations TEXT,
    value TEXT NOT NULL,
    PRIMARY KEY (space, collection, id)
  ) STRICT, WITHOUT ROWID;
INSERT INTO records VALUES ('captured', 'notes', 'a', '1-70e937c8da1f85e7', '01a22fe2-8548-74b3-ab84-7b33c53863ec', NULL, NULL, '{"id":"a","text":"first"}');
INSERT INTO records VALUES ('captured', 'notes', 'c', '4-62007ea015d2b835', 'b0736ff3-706c-43e4-b2fb-3cb2809d3d02', NULL, NULL, '{"id":"c","text":"of the partner","tags":["x"]}');
CREATE TABLE awaiting_deletes (
    space TEXT NOT NULL,
    collection TEXT NOT NULL,
    id TEXT NOT NULL,
    mutation_id TEXT NOT NULL,
    account TEXT NOT NULL,
    base TEXT,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (space, collection, id, mutation_id, account)
  ) STRICT, WITHOUT ROWID;
CREATE TABLE log (
    space TEXT NOT NULL,
    number INTEGER NOT NULL,
    tx_end INTEGER NOT NULL,
    collection TEXT NOT NULL,
    id TEXT NOT NULL,
    version TEXT NOT NULL,
    previous_version TEXT,
    mutation_id TEXT,
    unseen TEXT,
    value TEXT,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (space, number)
  ) STRICT, WITHOUT ROWID;
INSERT INTO log VALUES ('captured', 1, 1, 'notes', 'a', '1-70e937c8da1f85e7', NULL, '01a22fe2-8548-74b3-ab84-7b33c53863ec', NULL, '{"id":"a","text":"first"}', 1796099704195);
INSERT INTO log VALUES ('captured', 2, 2, 'notes', 'b', '2-5af7363812d8897e', NULL, '01a22fe2-8592-7c84-9f5a-57f7bf3af629', NULL, '{"id":"b","text":"second","tags":["x"]}', 1796099704225);
INSERT INTO log VALUES ('captured', 3, 3, 'notes', 'b', '3-2014d8f5221b8ba6', '2-5af7363812d8897e', '01a22fe2-85aa-7cb9-87bb-9e541c6dc068', NULL, NULL, 1796099704267);
INSERT INTO log VALUES ('captured', 4, 4, 'notes', 'c', '4-62007ea015d2b835', NULL, 'b0736ff3-706c-43e4-b2fb-3cb2809d3d02', NULL, '{"id":"c","text":"of the partner","tags":["x"]}', 1796099704333);
CREATE TABLE partnerships (
    space TEXT NOT NULL,
    partnership_id TEXT NOT NULL,
    account TEXT NOT NULL,
    replica_id TEXT NOT NULL,
    is_provisional INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    last_seen_at_ms INTEGER NOT NULL,
    PRIMARY KEY (space, partnership_id)
  ) STRICT, WITHOUT ROWID;
INSERT INTO partnerships VALUES ('captured', '2af4cc3e2551c915bb00e7911d226df9', 'ada', 'a5a22d169823271264ed5609c4ceac4f', 0, 1796099704170, 1796099704343);
CREATE INDEX partnerships_by_account ON partnerships (account, space, partnership_id);
CREATE TABLE checkpoints (
    space TEXT NOT NULL,
    partnership_id TEXT NOT NULL,
    n INTEGER NOT NULL,
    tag TEXT NOT NULL,
    issue_order INTEGER NOT NULL,
    parent_tag TEXT,
    cut INTEGER NOT NULL,
    is_presented INTEGER NOT NULL,
    collections TEXT NOT NULL,
    settle_at INTEGER,
    is_settled INTEGER NOT NULL,
    digest TEXT,
    sent INTEGER NOT NULL,
    request_id TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    PRIMARY KEY (space, partnership_id, n, tag)
  ) STRICT, WITHOUT ROWID;
INSERT INTO checkpoints VALUES ('captured', '2af4cc3e2551c915bb00e7911d226df9', 1, '386cebb47ad4ff76bce8023cd31ffeed', 1, NULL, 0, 1, '{"notes":{"complete":true},"plain":{"complete":true}}', 0, 1, '{}', 0, '1c9d8ada2ec7c0c7031c3c8d67d6c1d1', 1796099704172);
INSERT INTO checkpoints VALUES ('captured', '2af4cc3e2551c915bb00e7911d226df9', 2, 'fd5fa71d689501be420bbc7c9cf7256a', 1, '386cebb47ad4ff76bce8023cd31ffeed', 1, 1, '{"notes":{"complete":true},"plain":{"complete":true}}', 0, 1, '{"notes":{"count":1,"sum":"70e937c8da1f85e7"}}', 0, '897861eed0b2a9476b83e2e0f0a68e5b', 1796099704199);
INSERT INTO checkpoints VALUES ('captured', '2af4cc3e2551c915bb00e7911d226df9', 3, '3e7f99852a8854c893ad5f99df1fb93d', 1, 'fd5fa71d689501be420bbc7c9cf7256a', 2, 1, '{"notes":{"complete":true},"plain":{"complete":true}}', 0, 1, '{"notes":{"count":2,"sum":"cbe06e00ecf80f65"}}', 0, '3cb3cd7ed3c25767f9aa95bbf13d9d5e', 1796099704226);
INSERT INTO checkpoints VALUES ('captured', '2af4cc3e2551c915bb00e7911d226df9', 4, 'e377dc4c75020d45557905de47ddc978', 1, '3e7f99852a8854c893ad5f99df1fb93d', 3, 1, '{"notes":{"complete":true},"plain":{"complete":true}}', 0, 1, '{"notes":{"count":1,"sum":"70e937c8da1f85e7"}}', 0, '1de1e2679b756f6b01f5520882bc5947', 1796099704269);
INSERT INTO checkpoints VALUES ('captured', '2af4cc3e2551c915bb00e7911d226df9', 5, '1dd1c03f36a3fde97281cebb7b3b9fd2', 1, 'e377dc4c75020d45557905de47ddc978', 3, 1, '{"notes":{"complete":true},"plain":{"complete":true}}', 0, 1, '{"notes":{"count":1,"sum":"70e937c8da1f85e7"}}', 0, 'd92cde6e213b604d3c8b0206889b2377', 1796099704325);
INSERT INTO checkpoints VALUES ('captured', '2af4cc3e2551c915bb00e7911d226df9', 6, 'a3c6ee12e543b096d71ebd8790cddb1a', 1, '1dd1c03f36a3fde97281cebb7b3b9fd2', 4, 0, '{"notes":{"complete":true},"plain":{"complete":true}}', 0, 1, '{"notes":{"count":2,"sum":"d2e9b668eff23e1c"}}', 0, '1388f213bdddc1da73f286eb68cbf210', 1796099704343);
CREATE INDEX presented_checkpoints ON checkpoints (space, partnership_id, n) WHERE is_presented = 1;
CREATE TABLE requests (
    space TEXT NOT NULL,
    partnership_id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    place INTEGER NOT NULL,
    issued_partnership_id TEXT NOT NULL,
    issued_n INTEGER NOT NULL,
    issued_tag TEXT NOT NULL,
    PRIMARY KEY (space, partnership_id, request_id)
  ) STRICT, WITHOUT ROWID;
INSERT INTO requests VALUES ('captured', '2af4cc3e2551c915bb00e7911d226df9', '1388f213bdddc1da73f286eb68cbf210', 6, '2af4cc3e2551c915bb00e7911d226df9', 6, 'a3c6ee12e543b096d71ebd8790cddb1a');
INSERT INTO requests VALUES ('captured', '2af4cc3e2551c915bb00e7911d226df9', '1c9d8ada2ec7c0c7031c3c8d67d6c1d1', 1, '2af4cc3e2551c915bb00e7911d226df9', 1, '386cebb47ad4ff76bce8023cd31ffeed');
INSERT INTO requests VALUES ('captured', '2af4cc3e2551c915bb00e7911d226df9', '1de1e2679b756f6b01f5520882bc5947', 4, '2af4cc3e2551c915bb00e7911d226df9', 4, 'e377dc4c75020d45557905de47ddc978');
INSERT INTO requests VALUES ('captured', '2af4cc3e2551c915bb00e7911d226df9', '3cb3cd7ed3c25767f9aa95bbf13d9d5e', 3, '2af4cc3e2551c915bb00e7911d226df9', 3, '3e7f99852a8854c893ad5f99df1fb93d');
INSERT INTO requests VALUES ('captured', '2af4cc3e2551c915bb00e7911d226df9', '897861eed0b2a9476b83e2e0f0a68e5b', 2, '2af4cc3e2551c915bb00e7911d226df9', 2, 'fd5fa71d689501be420bbc7c9cf7256a');
INSERT INTO requests VALUES ('captured', '2af4cc3e2551c915bb00e7911d226df9', 'd92cde6e213b604d3c8b0206889b2377', 5, '2af4cc3e2551c915bb00e7911d226df9', 5, '1dd1c03f36a3fde97281cebb7b3b9fd2');
CREATE TABLE outcomes (
    space TEXT NOT NULL,
    account TEXT NOT NULL,
    mutation_id TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    outcome TEXT NOT NULL,
    last_number INTEGER,
    partnership_id TEXT,
    n INTEGER NOT NULL,
    request_id TEXT NOT NULL,
    origin_id TEXT NOT NULL,
    origin_number INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    confirmed_at_ms INTEGER,
    PRIMARY KEY (space, account, mutation_id)
  ) STRICT, WITHOUT ROWID;
INSERT INTO outcomes VALUES ('captured', 'ada', '01a22fe2-8548-74b3-ab84-7b33c53863ec', 'e8c26c4eb812b252ade4d271cd5142b5c76e43fc9a280ae128c737f397a5454d', '{"mutationId":"01a22fe2-8548-74b3-ab84-7b33c53863ec","type":"accepted","duplicate":false,"merged":false,"versions":[{"collection":"notes","id":"a","version":"1-70e937c8da1f85e7"}]}', 1, '2af4cc3e2551c915bb00e7911d226df9', 2, '897861eed0b2a9476b83e2e0f0a68e5b', 'a5a22d169823271264ed5609c4ceac4f', 1, 1796099704195, 1796099704224);
INSERT INTO outcomes VALUES ('captured', 'ada', '01a22fe2-8592-7c84-9f5a-57f7bf3af629', '85e2e9e624607ef6c1505db3337f9c7958a26baf4e8b09c1be04d05faf2d2ed3', '{"mutationId":"01a22fe2-8592-7c84-9f5a-57f7bf3af629","type":"accepted","duplicate":false,"merged":false,"versions":[{"collection":"notes","id":"b","version":"2-5af7363812d8897e"}]}', 2, '2af4cc3e2551c915bb00e7911d226df9', 3, '3cb3cd7ed3c25767f9aa95bbf13d9d5e', '2af4cc3e2551c915bb00e7911d226df9', 2, 1796099704225, 1796099704267);
INSERT INTO outcomes VALUES ('captured', 'ada', '01a22fe2-85aa-7cb9-87bb-9e541c6dc068', '1d483591e493ccee5baef5ccad1e549e3d3ea1ac0f16d5e54cb0c3ac5d392fce', '{"mutationId":"01a22fe2-85aa-7cb9-87bb-9e541c6dc068","type":"accepted","duplicate":false,"merged":false,"versions":[{"collection":"notes","id":"b","version":null,"mutations":["01a22fe2-8592-7c84-9f5a-57f7bf3af629"]}]}', 3, '2af4cc3e2551c915bb00e7911d226df9', 4, '1de1e2679b756f6b01f5520882bc5947', '2af4cc3e2551c915bb00e7911d226df9', 3, 1796099704267, 1796099704324);
INSERT INTO outcomes VALUES ('captured', 'ada', '01a22fe2-85d9-7a0b-9dd7-8b19007e69c9', '2a85ff5a677f614bd4ecab8fcb98fd43cc08ea5ea7075915f1775c3c27bc3f27', '{"mutationId":"01a22fe2-85d9-7a0b-9dd7-8b19007e69c9","type":"refused","duplicate":false,"code":"not-allowed","message":"not this one","path":"/0"}', NULL, '2af4cc3e2551c915bb00e7911d226df9', 5, 'd92cde6e213b604d3c8b0206889b2377', '2af4cc3e2551c915bb00e7911d226df9', 4, 1796099704324, 1796099704342);
CREATE INDEX unconfirmed_outcomes ON outcomes (space, partnership_id) WHERE confirmed_at_ms IS NULL;
CREATE INDEX confirmed_outcomes ON outcomes (space, confirmed_at_ms) WHERE confirmed_at_ms IS NOT NULL;
CREATE TABLE forgotten (
    space TEXT NOT NULL,
    account TEXT NOT NULL,
    origin_id TEXT NOT NULL,
    numbers TEXT NOT NULL,
    PRIMARY KEY (space, account, origin_id)
  ) STRICT, WITHOUT ROWID;
CREATE TABLE partner (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    id TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
INSERT INTO partner VALUES (1, '06a4600d7b34369666c6c1a393f525b5');
