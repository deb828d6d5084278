import type { DatabaseSync } from 'node:sqlite'
import { PartnerError } from '../../contract/index.ts'

/** Marks a file as ours (SQLite's application_id): 'wsyn'. */
export const OPEN_ID = 0x7773796e
/** In its place in a file that takes no more writes: 'wsyd'. */
export const DRAINED_ID = 0x77737964

/** Version of the tables. Files of another version are refused and left as they are: 1 to 5 were never published (decision 0029). */
export const LAYOUT_VERSION = 6

/** All primary keys lead with the space. Text compares as bytes (SQLite's BINARY collation). */
const TABLES = `
  CREATE TABLE spaces (
    space TEXT NOT NULL PRIMARY KEY,
    head INTEGER NOT NULL,
    floor INTEGER NOT NULL,
    durable_head INTEGER NOT NULL,
    digest TEXT NOT NULL,
    restored_at_ms INTEGER
  ) STRICT, WITHOUT ROWID;

  -- Keys of lost histories that were seen: apart, since an invalid key touches neither keys nor data.
  CREATE TABLE sightings (
    space TEXT NOT NULL PRIMARY KEY,
    restore_seen_at_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

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

  -- Deletions that were replayed before what they delete: whose they are, and on which version they were made.
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
  CREATE INDEX unconfirmed_outcomes ON outcomes (space, partnership_id) WHERE confirmed_at_ms IS NULL;
  CREATE INDEX confirmed_outcomes ON outcomes (space, confirmed_at_ms) WHERE confirmed_at_ms IS NOT NULL;

  -- What is left of outcomes that were pruned: so a mutation that comes again is known, for ever.
  CREATE TABLE forgotten (
    space TEXT NOT NULL,
    account TEXT NOT NULL,
    origin_id TEXT NOT NULL,
    numbers TEXT NOT NULL,
    PRIMARY KEY (space, account, origin_id)
  ) STRICT, WITHOUT ROWID;

  -- The partner's own id: one row, drawn at the first ask.
  CREATE TABLE partner (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    id TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
`

/**
 * Says whether a file has our tables already; false: it is new. Reads only, so that a file of another version or program stays byte for
 * byte as it is: PartnerError 'newer-schema', 'older-layout' or 'unreadable'.
 */
export function hasLayout(database: DatabaseSync, path: string): boolean {
  const version = readNumber(database, 'PRAGMA user_version')
  const isOurs = [OPEN_ID, DRAINED_ID].includes(readNumber(database, 'PRAGMA application_id'))
  if (!isOurs && (version !== 0 || readNumber(database, 'SELECT count(*) FROM sqlite_schema') !== 0)) {
    throw new PartnerError('unreadable', `${path} is a database of another program: name a file of your own`)
  }
  if (version > LAYOUT_VERSION) {
    throw new PartnerError(
      'newer-schema',
      `${path} was written by a newer version of web-sync-server (its tables are version ${version}, this program knows ` +
        `${LAYOUT_VERSION}). Install that version, or restore a backup of before. Nothing was changed.`,
    )
  }
  if (isOurs && version < LAYOUT_VERSION) {
    throw new PartnerError(
      'older-layout',
      `${path} has tables of version ${version}, of a web-sync-server that was never published. This program reads ` +
        `${LAYOUT_VERSION}: name another file. Nothing was changed.`,
    )
  }
  return isOurs
}

/** Makes the tables of a new file, all or nothing. Another process may have made them meanwhile. */
export function makeLayout(database: DatabaseSync, path: string): void {
  database.exec('BEGIN IMMEDIATE')
  try {
    if (!hasLayout(database, path)) {
      database.exec(TABLES)
      database.exec(`PRAGMA application_id = ${OPEN_ID}`)
      database.exec(`PRAGMA user_version = ${LAYOUT_VERSION}`)
    }
    database.exec('COMMIT')
  } catch (error) {
    database.exec('ROLLBACK')
    throw error
  }
}

function readNumber(database: DatabaseSync, sql: string): number {
  return Number(Object.values(database.prepare(sql).get() ?? {})[0])
}
