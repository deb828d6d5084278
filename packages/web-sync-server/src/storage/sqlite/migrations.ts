import type { DatabaseSync } from 'node:sqlite'
import { PartnerError } from '../../contract/index.ts'

/** Marks a file as ours (SQLite's application_id): 'wsyn'. */
const APPLICATION_ID = 0x7773796e

/**
 * One step for each version of the tables; a step is never changed once it was published. All primary keys lead with the space.
 * Text compares as bytes (SQLite's BINARY collation).
 */
const STEPS: readonly string[] = [
  `
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
    value TEXT NOT NULL,
    PRIMARY KEY (space, collection, id)
  ) STRICT, WITHOUT ROWID;

  -- Deletions that were replayed before what they delete.
  CREATE TABLE awaiting_deletes (
    space TEXT NOT NULL,
    collection TEXT NOT NULL,
    id TEXT NOT NULL,
    mutation_id TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (space, collection, id)
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
  CREATE INDEX unsettled_checkpoints ON checkpoints (space, partnership_id, cut) WHERE is_settled = 0;
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
    at_ms INTEGER NOT NULL,
    confirmed_at_ms INTEGER,
    PRIMARY KEY (space, account, mutation_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX unconfirmed_outcomes ON outcomes (space, partnership_id) WHERE confirmed_at_ms IS NULL;
  CREATE INDEX confirmed_outcomes ON outcomes (space, confirmed_at_ms) WHERE confirmed_at_ms IS NOT NULL;
  `,
  // What the author of a version had not seen of it; whose the waiting deletions are. Of those that wait it was not known.
  `
  ALTER TABLE records ADD COLUMN unseen TEXT;
  ALTER TABLE log ADD COLUMN unseen TEXT;
  DROP TABLE awaiting_deletes;
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
  `,
  `
  ALTER TABLE outcomes ADD COLUMN request_id TEXT NOT NULL DEFAULT '';
  ALTER TABLE outcomes ADD COLUMN origin_id TEXT NOT NULL DEFAULT '';
  ALTER TABLE outcomes ADD COLUMN origin_number INTEGER NOT NULL DEFAULT 0;

  -- What is left of outcomes that were pruned: so a mutation that comes again is known, for ever.
  CREATE TABLE forgotten (
    space TEXT NOT NULL,
    account TEXT NOT NULL,
    origin_id TEXT NOT NULL,
    numbers TEXT NOT NULL,
    PRIMARY KEY (space, account, origin_id)
  ) STRICT, WITHOUT ROWID;

  DROP INDEX unsettled_checkpoints;
  `,
  `
  -- The partner's own id: one row, drawn at the first ask.
  CREATE TABLE partner (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    id TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  // Of the records that are there it is not known what made them before their last mutation.
  `
  ALTER TABLE records ADD COLUMN prior_mutations TEXT;
  `,
]

/** Version of the tables that this program writes. */
const SCHEMA_VERSION: number = STEPS.length

/** Brings a database to this program's version, all or nothing. A newer one is refused and left as it is. */
export function migrate(database: DatabaseSync, path: string): void {
  const version = readPragma(database, 'user_version')
  if (version > SCHEMA_VERSION) {
    throw new PartnerError(
      'newer-schema',
      `${path} was written by a newer version of web-sync-server (its tables are version ${version}, this program knows ` +
        `${SCHEMA_VERSION}). Install that version, or restore a backup of before. Nothing was changed.`,
    )
  }
  if (version === 0 && hasTables(database)) {
    throw new PartnerError('unreadable', `${path} is a database of another program: name a file of your own`)
  }
  if (version === SCHEMA_VERSION) return
  database.exec('BEGIN IMMEDIATE')
  try {
    for (const step of STEPS.slice(version)) database.exec(step)
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}`)
    database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`)
    database.exec('COMMIT')
  } catch (error) {
    database.exec('ROLLBACK')
    throw error
  }
}

function hasTables(database: DatabaseSync): boolean {
  return database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.['tables'] !== 0
}

function readPragma(database: DatabaseSync, name: 'user_version'): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name])
}
