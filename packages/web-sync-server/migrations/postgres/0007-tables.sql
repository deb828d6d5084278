-- The tables of a partner. Run by the owner role, in one transaction with all other migrations (see migrate.ts); never changed once
-- it was published. All primary keys lead with the space, so the tables can be partitioned or distributed by it. Text compares as bytes
-- (COLLATE "C"), and values are text: jsonb would read back other bytes than were written.

CREATE TABLE web_sync.spaces (
  space text COLLATE "C" NOT NULL PRIMARY KEY,
  head bigint NOT NULL,
  floor bigint NOT NULL,
  durable_head bigint NOT NULL,
  digest text NOT NULL,
  restored_at_ms bigint
  -- Room for the next version of a row that every push rewrites.
) WITH (fillfactor = 50);

-- Keys of lost histories that were seen: apart, since an invalid key touches neither keys nor data.
CREATE TABLE web_sync.sightings (
  space text COLLATE "C" NOT NULL PRIMARY KEY,
  restore_seen_at_ms bigint NOT NULL
);

CREATE TABLE web_sync.records (
  space text COLLATE "C" NOT NULL,
  collection text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  version text NOT NULL,
  mutation_id text,
  -- The version below it that its author had not seen; null: the author saw exactly this.
  unseen text,
  -- The mutations that made it before its last one; null: none.
  prior_mutations text,
  value text NOT NULL,
  PRIMARY KEY (space, collection, id)
);

-- Deletions that were replayed before what they delete: whose they are, and on which version they were made.
CREATE TABLE web_sync.awaiting_deletes (
  space text COLLATE "C" NOT NULL,
  collection text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  mutation_id text COLLATE "C" NOT NULL,
  account text COLLATE "C" NOT NULL,
  base text,
  at_ms bigint NOT NULL,
  PRIMARY KEY (space, collection, id, mutation_id, account)
);

CREATE TABLE web_sync.log (
  space text COLLATE "C" NOT NULL,
  number bigint NOT NULL,
  tx_end bigint NOT NULL,
  collection text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  version text NOT NULL,
  previous_version text,
  mutation_id text,
  unseen text,
  value text,
  at_ms bigint NOT NULL,
  PRIMARY KEY (space, number)
);

CREATE TABLE web_sync.partnerships (
  space text COLLATE "C" NOT NULL,
  partnership_id text COLLATE "C" NOT NULL,
  account text COLLATE "C" NOT NULL,
  replica_id text NOT NULL,
  is_provisional boolean NOT NULL,
  created_at_ms bigint NOT NULL,
  last_seen_at_ms bigint NOT NULL,
  PRIMARY KEY (space, partnership_id)
) WITH (fillfactor = 80);
CREATE INDEX partnerships_by_account ON web_sync.partnerships (account, space, partnership_id);

CREATE TABLE web_sync.checkpoints (
  space text COLLATE "C" NOT NULL,
  partnership_id text COLLATE "C" NOT NULL,
  n bigint NOT NULL,
  tag text COLLATE "C" NOT NULL,
  issue_order bigint NOT NULL,
  parent_tag text COLLATE "C",
  cut bigint NOT NULL,
  is_presented boolean NOT NULL,
  collections text NOT NULL,
  settle_at bigint,
  is_settled boolean NOT NULL,
  digest text,
  sent bigint NOT NULL,
  request_id text NOT NULL,
  created_at_ms bigint NOT NULL,
  PRIMARY KEY (space, partnership_id, n, tag)
);
CREATE INDEX presented_checkpoints ON web_sync.checkpoints (space, partnership_id, n) WHERE is_presented;

CREATE TABLE web_sync.requests (
  space text COLLATE "C" NOT NULL,
  partnership_id text COLLATE "C" NOT NULL,
  request_id text COLLATE "C" NOT NULL,
  place bigint NOT NULL,
  issued_partnership_id text NOT NULL,
  issued_n bigint NOT NULL,
  issued_tag text NOT NULL,
  PRIMARY KEY (space, partnership_id, request_id)
);

CREATE TABLE web_sync.outcomes (
  space text COLLATE "C" NOT NULL,
  account text COLLATE "C" NOT NULL,
  mutation_id text COLLATE "C" NOT NULL,
  content_hash text NOT NULL,
  outcome text NOT NULL,
  last_number bigint,
  partnership_id text COLLATE "C",
  n bigint NOT NULL,
  request_id text COLLATE "C" NOT NULL,
  origin_id text COLLATE "C" NOT NULL,
  origin_number bigint NOT NULL,
  at_ms bigint NOT NULL,
  confirmed_at_ms bigint,
  PRIMARY KEY (space, account, mutation_id)
);
CREATE INDEX unconfirmed_outcomes ON web_sync.outcomes (space, partnership_id) WHERE confirmed_at_ms IS NULL;
CREATE INDEX confirmed_outcomes ON web_sync.outcomes (space, confirmed_at_ms) WHERE confirmed_at_ms IS NOT NULL;

-- What is left of outcomes that were pruned: so a mutation that comes again is known, for ever.
CREATE TABLE web_sync.forgotten (
  space text COLLATE "C" NOT NULL,
  account text COLLATE "C" NOT NULL,
  origin_id text COLLATE "C" NOT NULL,
  numbers text COLLATE "C" NOT NULL,
  PRIMARY KEY (space, account, origin_id)
);

-- The partner's own id: one row, drawn at the first ask. It goes along with dumps and backups, and with what is moved in.
CREATE TABLE web_sync.partner (
  one boolean NOT NULL PRIMARY KEY CHECK (one),
  id text COLLATE "C" NOT NULL
);
