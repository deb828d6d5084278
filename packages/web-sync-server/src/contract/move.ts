/** A value of a row, as JavaScript has it. */
export type MovedValue = string | number | boolean | null

/** One table as both databases have it: the column `space` leads, and is left out here. */
export interface MovedTable {
  readonly name: string
  readonly columns: readonly (readonly [name: string, type: 'text' | 'bigint' | 'boolean'])[]
  /** Names a row within its space; rows are in the byte order of these. */
  readonly key: readonly string[]
}

/** A database whose content goes elsewhere. Nobody writes to it while it is read. */
export interface MoveSource {
  /** See PartnerStorage.readPartnerId; null: it was never asked for one. */
  readPartnerId(): string | null
  /** All spaces of which any table has a row, in byte order. */
  listSpaces(): readonly string[]
  /** A table's rows of one space, read as they are drawn: values in the order of the columns, rows in the order of the key. */
  readRows(table: MovedTable, space: string): Iterable<readonly MovedValue[]>
}

/** Everything that is kept: keys, log, outcomes and requests too, so that to an initiator nothing has happened. */
export const MOVED_TABLES: readonly MovedTable[] = [
  {
    name: 'spaces',
    columns: [
      ['head', 'bigint'],
      ['floor', 'bigint'],
      ['durable_head', 'bigint'],
      ['digest', 'text'],
      ['restored_at_ms', 'bigint'],
    ],
    key: [],
  },
  { name: 'sightings', columns: [['restore_seen_at_ms', 'bigint']], key: [] },
  {
    name: 'records',
    columns: [
      ['collection', 'text'],
      ['id', 'text'],
      ['version', 'text'],
      ['mutation_id', 'text'],
      ['value', 'text'],
      ['unseen', 'text'],
      ['prior_mutations', 'text'],
    ],
    key: ['collection', 'id'],
  },
  {
    name: 'awaiting_deletes',
    columns: [
      ['collection', 'text'],
      ['id', 'text'],
      ['mutation_id', 'text'],
      ['account', 'text'],
      ['base', 'text'],
      ['at_ms', 'bigint'],
    ],
    key: ['collection', 'id', 'mutation_id', 'account'],
  },
  {
    name: 'log',
    columns: [
      ['number', 'bigint'],
      ['tx_end', 'bigint'],
      ['collection', 'text'],
      ['id', 'text'],
      ['version', 'text'],
      ['previous_version', 'text'],
      ['mutation_id', 'text'],
      ['value', 'text'],
      ['at_ms', 'bigint'],
      ['unseen', 'text'],
    ],
    key: ['number'],
  },
  {
    name: 'partnerships',
    columns: [
      ['partnership_id', 'text'],
      ['account', 'text'],
      ['replica_id', 'text'],
      ['is_provisional', 'boolean'],
      ['created_at_ms', 'bigint'],
      ['last_seen_at_ms', 'bigint'],
    ],
    key: ['partnership_id'],
  },
  {
    name: 'checkpoints',
    columns: [
      ['partnership_id', 'text'],
      ['n', 'bigint'],
      ['tag', 'text'],
      ['issue_order', 'bigint'],
      ['parent_tag', 'text'],
      ['cut', 'bigint'],
      ['is_presented', 'boolean'],
      ['collections', 'text'],
      ['settle_at', 'bigint'],
      ['is_settled', 'boolean'],
      ['digest', 'text'],
      ['sent', 'bigint'],
      ['request_id', 'text'],
      ['created_at_ms', 'bigint'],
    ],
    key: ['partnership_id', 'n', 'tag'],
  },
  {
    name: 'requests',
    columns: [
      ['partnership_id', 'text'],
      ['request_id', 'text'],
      ['place', 'bigint'],
      ['issued_partnership_id', 'text'],
      ['issued_n', 'bigint'],
      ['issued_tag', 'text'],
    ],
    key: ['partnership_id', 'request_id'],
  },
  {
    name: 'outcomes',
    columns: [
      ['account', 'text'],
      ['mutation_id', 'text'],
      ['content_hash', 'text'],
      ['outcome', 'text'],
      ['last_number', 'bigint'],
      ['partnership_id', 'text'],
      ['n', 'bigint'],
      ['request_id', 'text'],
      ['origin_id', 'text'],
      ['origin_number', 'bigint'],
      ['at_ms', 'bigint'],
      ['confirmed_at_ms', 'bigint'],
    ],
    key: ['account', 'mutation_id'],
  },
  {
    name: 'forgotten',
    columns: [
      ['account', 'text'],
      ['origin_id', 'text'],
      ['numbers', 'text'],
    ],
    key: ['account', 'origin_id'],
  },
]
