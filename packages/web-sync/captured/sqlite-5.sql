PRAGMA application_id = 2004056430;
PRAGMA user_version = 5;
CREATE TABLE spaces (
    space TEXT NOT NULL PRIMARY KEY,
    head INTEGER NOT NULL,
    floor INTEGER NOT NULL,
    durable_head INTEGER NOT NULL,
    digest TEXT NOT NULL,
    restored_at_ms INTEGER
  ) STRICT, WITHOUT ROWID;
INSERT INTO spaces VALUES ('captured', 4, 0, 0, '{"notes":{"count":2,"sum":"d4f26a15cdb68236"}}', NULL);
CREATE TABLE sightings (
    space TEXT NOT NULL PRIMARY KEY,
    restore_seen_at_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
INSERT INTO sightings VALUES ('captured', 1796099518478);
CREATE TABLE records (
    space TEXT NOT NULL,
    collection TEXT NOT NULL,
    id TEXT NOT NULL,
    version TEXT NOT NULL,
    mutation_id TEXT,
    value TEXT NOT NULL, unseen TEXT, prior_mutations TEXT,
    PRIMARY KEY (space, collection, id)
  ) STRICT, WITHOUT ROWID;
INSERT INTO records VALUES ('captured', 'notes', 'a', '1-cd7f89e603928b6e', '01a22fdf-af3a-7746-b2d0-f804fe19523a', '{"id":"a","text":"first"}', NULL, NULL);
INSERT INTO records VALUES ('captured', 'notes', 'c', '4-0772e02fca23f6c8', '07bab65b-b4f1-4ee3-9832-0b2936fb3c0c', '{"id":"c","text":"of the partner","tags":["x"]}', NULL, NULL);
CREATE TABLE log (
    space TEXT NOT NULL,
    number INTEGER NOT NULL,
    tx_end INTEGER NOT NULL,
    collection TEXT NOT NULL,
    id TEXT NOT NULL,
    version TEXT NOT NULL,
    previous_version TEXT,
    mutation_id TEXT,
    value TEXT,
    at_ms INTEGER NOT NULL, unseen TEXT,
    PRIMARY KEY (space, number)
  ) STRICT, WITHOUT ROWID;
INSERT INTO log VALUES ('captured', 1, 1, 'notes', 'a', '1-cd7f89e603928b6e', NULL, '01a22fdf-af3a-7746-b2d0-f804fe19523a', '{"id":"a","text":"first"}', 1796099518321, NULL);
INSERT INTO log VALUES ('captured', 2, 2, 'notes', 'b', '2-a900f72051dfb17d', NULL, '01a22fdf-af80-7562-8b71-fbf2d1d2b07f', '{"id":"b","text":"second","tags":["x"]}', 1796099518352, NULL);
INSERT INTO log VALUES ('captured', 3, 3, 'notes', 'b', '3-f654874cf513063d', '2-a900f72051dfb17d', '01a22fdf-af9a-79d8-8119-72fdcab4fd75', NULL, 1796099518395, NULL);
INSERT INTO log VALUES ('captured', 4, 4, 'notes', 'c', '4-0772e02fca23f6c8', NULL, '07bab65b-b4f1-4ee3-9832-0b2936fb3c0c', '{"id":"c","text":"of the partner","tags":["x"]}', 1796099518454, NULL);
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
INSERT INTO partnerships VALUES ('captured', '894929af8c58bf0e179f8dd3ce7ea8ed', 'ada', 'dbc545ca34e83e965ce610699feb83f7', 0, 1796099518288, 1796099518465);
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
INSERT INTO checkpoints VALUES ('captured', '894929af8c58bf0e179f8dd3ce7ea8ed', 1, '1e8a5a3487ff9db1bc83fc2cef8151b2', 1, NULL, 0, 1, '{"notes":{"complete":true},"plain":{"complete":true}}', 0, 1, '{}', 0, '52807659e0c500fdbcb8309c52317d39', 1796099518290);
INSERT INTO checkpoints VALUES ('captured', '894929af8c58bf0e179f8dd3ce7ea8ed', 2, '15c38339f6c2de5a027cbe3ed7a13c1a', 1, '1e8a5a3487ff9db1bc83fc2cef8151b2', 1, 1, '{"notes":{"complete":true},"plain":{"complete":true}}', 0, 1, '{"notes":{"count":1,"sum":"cd7f89e603928b6e"}}', 0, 'ac46e8b3778f36ad8878af45a30d7a54', 1796099518325);
INSERT INTO checkpoints VALUES ('captured', '894929af8c58bf0e179f8dd3ce7ea8ed', 3, 'e44a37206a25b0796cba4b98c1ac9e78', 1, '15c38339f6c2de5a027cbe3ed7a13c1a', 2, 1, '{"notes":{"complete":true},"plain":{"complete":true}}', 0, 1, '{"notes":{"count":2,"sum":"7680810655723ceb"}}', 0, '29d7fe9e53b56ed47ebbe42ae0b881a6', 1796099518353);
INSERT INTO checkpoints VALUES ('captured', '894929af8c58bf0e179f8dd3ce7ea8ed', 4, '746b81e37804b417a7e3b992e3e85679', 1, 'e44a37206a25b0796cba4b98c1ac9e78', 3, 1, '{"notes":{"complete":true},"plain":{"complete":true}}', 0, 1, '{"notes":{"count":1,"sum":"cd7f89e603928b6e"}}', 0, 'f9d0a0239fd21090e8206887779c18c1', 1796099518397);
INSERT INTO checkpoints VALUES ('captured', '894929af8c58bf0e179f8dd3ce7ea8ed', 5, '023cc438aa4b3bcffb1f7ef2b3114530', 1, '746b81e37804b417a7e3b992e3e85679', 3, 1, '{"notes":{"complete":true},"plain":{"complete":true}}', 0, 1, '{"notes":{"count":1,"sum":"cd7f89e603928b6e"}}', 0, 'd45704e76415491ae56dda7e4d32a4ad', 1796099518445);
INSERT INTO checkpoints VALUES ('captured', '894929af8c58bf0e179f8dd3ce7ea8ed', 6, '852f66f79296f20c806be61bfbd689d0', 1, '023cc438aa4b3bcffb1f7ef2b3114530', 4, 0, '{"notes":{"complete":true},"plain":{"complete":true}}', 0, 1, '{"notes":{"count":2,"sum":"d4f26a15cdb68236"}}', 0, '1e6b3eedfd02f3117dd156db2ddc9c3b', 1796099518465);
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
INSERT INTO requests VALUES ('captured', '894929af8c58bf0e179f8dd3ce7ea8ed', '1e6b3eedfd02f3117dd156db2ddc9c3b', 6, '894929af8c58bf0e179f8dd3ce7ea8ed', 6, '852f66f79296f20c806be61bfbd689d0');
INSERT INTO requests VALUES ('captured', '894929af8c58bf0e179f8dd3ce7ea8ed', '29d7fe9e53b56ed47ebbe42ae0b881a6', 3, '894929af8c58bf0e179f8dd3ce7ea8ed', 3, 'e44a37206a25b0796cba4b98c1ac9e78');
INSERT INTO requests VALUES ('captured', '894929af8c58bf0e179f8dd3ce7ea8ed', '52807659e0c500fdbcb8309c52317d39', 1, '894929af8c58bf0e179f8dd3ce7ea8ed', 1, '1e8a5a3487ff9db1bc83fc2cef8151b2');
INSERT INTO requests VALUES ('captured', '894929af8c58bf0e179f8dd3ce7ea8ed', 'ac46e8b3778f36ad8878af45a30d7a54', 2, '894929af8c58bf0e179f8dd3ce7ea8ed', 2, '15c38339f6c2de5a027cbe3ed7a13c1a');
INSERT INTO requests VALUES ('captured', '894929af8c58bf0e179f8dd3ce7ea8ed', 'd45704e76415491ae56dda7e4d32a4ad', 5, '894929af8c58bf0e179f8dd3ce7ea8ed', 5, '023cc438aa4b3bcffb1f7ef2b3114530');
INSERT INTO requests VALUES ('captured', '894929af8c58bf0e179f8dd3ce7ea8ed', 'f9d0a0239fd21090e8206887779c18c1', 4, '894929af8c58bf0e179f8dd3ce7ea8ed', 4, '746b81e37804b417a7e3b992e3e85679');
CREATE TABLE outcomes (
    space TEXT NOT NULL,
    account TEXT NOT NULL,
    mutation_id TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    outcome TEXT NOT NULL,
    last_number INTEGER,
    partnership_id TEXT,
    n INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    confirmed_at_ms INTEGER, request_id TEXT NOT NULL DEFAULT '', origin_id TEXT NOT NULL DEFAULT '', origin_number INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (space, account, mutation_id)
  ) STRICT, WITHOUT ROWID;
INSERT INTO outcomes VALUES ('captured', 'ada', '01a22fdf-af3a-7746-b2d0-f804fe19523a', 'e8c26c4eb812b252ade4d271cd5142b5c76e43fc9a280ae128c737f397a5454d', '{"mutationId":"01a22fdf-af3a-7746-b2d0-f804fe19523a","type":"accepted","duplicate":false,"merged":false,"versions":[{"collection":"notes","id":"a","version":"1-cd7f89e603928b6e"}]}', 1, '894929af8c58bf0e179f8dd3ce7ea8ed', 2, 1796099518321, 1796099518351, 'ac46e8b3778f36ad8878af45a30d7a54', 'dbc545ca34e83e965ce610699feb83f7', 1);
INSERT INTO outcomes VALUES ('captured', 'ada', '01a22fdf-af80-7562-8b71-fbf2d1d2b07f', '85e2e9e624607ef6c1505db3337f9c7958a26baf4e8b09c1be04d05faf2d2ed3', '{"mutationId":"01a22fdf-af80-7562-8b71-fbf2d1d2b07f","type":"accepted","duplicate":false,"merged":false,"versions":[{"collection":"notes","id":"b","version":"2-a900f72051dfb17d"}]}', 2, '894929af8c58bf0e179f8dd3ce7ea8ed', 3, 1796099518352, 1796099518395, '29d7fe9e53b56ed47ebbe42ae0b881a6', '894929af8c58bf0e179f8dd3ce7ea8ed', 2);
INSERT INTO outcomes VALUES ('captured', 'ada', '01a22fdf-af9a-79d8-8119-72fdcab4fd75', '1d483591e493ccee5baef5ccad1e549e3d3ea1ac0f16d5e54cb0c3ac5d392fce', '{"mutationId":"01a22fdf-af9a-79d8-8119-72fdcab4fd75","type":"accepted","duplicate":false,"merged":false,"versions":[{"collection":"notes","id":"b","version":null,"mutations":["01a22fdf-af80-7562-8b71-fbf2d1d2b07f"]}]}', 3, '894929af8c58bf0e179f8dd3ce7ea8ed', 4, 1796099518395, 1796099518444, 'f9d0a0239fd21090e8206887779c18c1', '894929af8c58bf0e179f8dd3ce7ea8ed', 3);
INSERT INTO outcomes VALUES ('captured', 'ada', '01a22fdf-afc5-7b83-96d2-74e370794be6', '2a85ff5a677f614bd4ecab8fcb98fd43cc08ea5ea7075915f1775c3c27bc3f27', '{"mutationId":"01a22fdf-afc5-7b83-96d2-74e370794be6","type":"refused","duplicate":false,"code":"not-allowed","message":"not this one","path":"/0"}', NULL, '894929af8c58bf0e179f8dd3ce7ea8ed', 5, 1796099518445, 1796099518464, 'd45704e76415491ae56dda7e4d32a4ad', '894929af8c58bf0e179f8dd3ce7ea8ed', 4);
CREATE INDEX unconfirmed_outcomes ON outcomes (space, partnership_id) WHERE confirmed_at_ms IS NULL;
CREATE INDEX confirmed_outcomes ON outcomes (space, confirmed_at_ms) WHERE confirmed_at_ms IS NOT NULL;
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
INSERT INTO partner VALUES (1, '909a726070b3c612be8151afe605d26b');
