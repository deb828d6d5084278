import { Client } from 'pg'
import { type Digest, DigestBuilder, isSameDigest } from 'web-sync-protocol'
import { MOVED_TABLES, type MovedTable, type MovedValue, type MoveSource, PartnerError } from '../../contract/index.ts'
import { assertConnectionString, assertUsable, NUMBERS } from './connections.ts'
import { readBack, type RowSum, writeRows } from './move-rows.ts'
import { behind, toPartnerError } from './to-partner-error.ts'

/** How far a move is. */
export interface MoveProgress {
  readonly spaces: number
  readonly ofSpaces: number
  /** Written so far; each is read back once before the end. */
  readonly rows: number
}

/** What is moved, and where to. */
export interface MoveOptions {
  /** Connection string of the runtime role, to tables that `migratePostgres` has made and that hold nothing. */
  readonly url: string
  /** Called once the target is found to be fit: from then on nobody may write to the source. */
  readonly openSource: () => MoveSource
  /** Called before the end is asked for: if it fails after that, nobody may write to the source until it is known how it ended. */
  readonly onCommit?: () => void
  /** Ends it; what was written is rolled back. Default: it goes on to its end. */
  readonly signal?: AbortSignal
  /** Default: nobody hears of it. */
  readonly onProgress?: (progress: MoveProgress) => void
}

/** What was moved and read back. */
export interface MoveResult {
  readonly spaces: number
  /** By table. */
  readonly rows: Readonly<Record<string, number>>
}

/**
 * Moves everything that another storage holds into an empty PostgreSQL database, in one transaction: all of it or nothing. Rows are
 * streamed, so memory does not grow with them; each table of each space is read back and compared by count and SHA-256, and the records
 * with the digest that their space has of them.
 *
 * Throws PartnerError 'invalid-option' (the target holds something, or is used as its owner), 'unreadable' (not migrated; what was read
 * back differs), 'behind' (no primary), 'busy' (connection lost: nothing was moved, unless the message says that this is not known), or
 * the reason of `signal`; with the reason nothing was moved.
 */
export async function moveIntoPostgres(options: MoveOptions): Promise<MoveResult> {
  assertConnectionString(options.url)
  const client = new Client({ connectionString: options.url, keepAlive: true, types: NUMBERS })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await assertUsable(client)
    await begin(client)
    const result = await moveAll(client, options)
    options.onCommit?.()
    await commit(client)
    return result
  } catch (error) {
    throw toPartnerErrorOnly(error)
  } finally {
    // Whatever was not committed is rolled back.
    await client.end().catch(() => undefined)
  }
}

/** The driver's failures become ours; those of the source and the signal stay what they are. */
function toPartnerErrorOnly(error: unknown): unknown {
  return error instanceof SourceError ? error.cause : toPartnerError(error)
}

/** What the other side failed with. */
class SourceError extends Error {}

async function begin(client: Client): Promise<void> {
  await client.query('BEGIN ISOLATION LEVEL READ COMMITTED')
  const { rows } = await client.query<{ is_behind: boolean; is_alone: boolean; is_empty: boolean }>(
    `SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean AS is_behind,
       pg_try_advisory_xact_lock(hashtextextended('web_sync.move', 3)) AS is_alone,
       NOT EXISTS (SELECT FROM web_sync.list_spaces()) AS is_empty,
       set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true),
       CASE WHEN current_setting('synchronous_commit') = 'off' THEN set_config('synchronous_commit', 'on', true) END`,
  )
  const [target] = rows
  if (target?.is_behind !== false) throw behind()
  if (!target.is_alone) throw new PartnerError('busy', 'something is being moved into this database already')
  if (!target.is_empty) {
    throw new PartnerError('invalid-option', 'the database holds spaces already: move into one that is new and empty')
  }
}

async function moveAll(client: Client, { openSource, signal, onProgress }: MoveOptions): Promise<MoveResult> {
  const source = ofSource(openSource)
  const spaces = ofSource(() => source.listSpaces())
  await movePartnerId(
    client,
    ofSource(() => source.readPartnerId()),
  )
  const rowsByTable: Record<string, number> = {}
  let rows = 0
  for (const [index, space] of spaces.entries()) {
    await client.query("SELECT set_config('web_sync.space', $1, true)", [space])
    const written = new Map<MovedTable, RowSum>()
    for (const table of MOVED_TABLES) {
      const sum = await writeRows(client, table, space, drawn(source.readRows(table, space)), (more) => {
        ofSource(() => signal?.throwIfAborted())
        rows += more
        onProgress?.({ spaces: index, ofSpaces: spaces.length, rows })
      })
      written.set(table, sum)
      rowsByTable[table.name] = (rowsByTable[table.name] ?? 0) + sum.rows
    }
    await verify(client, space, written)
    ofSource(() => signal?.throwIfAborted())
    onProgress?.({ spaces: index + 1, ofSpaces: spaces.length, rows })
  }
  return { spaces: spaces.length, rows: rowsByTable }
}

/** To initiators it is the same partner. The target may have drawn an id already, while it was empty. */
async function movePartnerId(client: Client, id: string | null): Promise<void> {
  if (id === null) return
  const sql =
    'INSERT INTO web_sync.partner (one, id) VALUES (true, $1) ON CONFLICT (one) DO UPDATE SET id = excluded.id'
  await client.query(sql, [id])
}

/** Reads a space back: the same rows, and records that the head's digest is the digest of. */
async function verify(client: Client, space: string, written: ReadonlyMap<MovedTable, RowSum>): Promise<void> {
  const builder = new DigestBuilder({})
  let digest: Digest = {}
  for (const [table, sum] of written) {
    const found = await readBack(client, table, (row) => {
      const column = (name: string): MovedValue | undefined => row[table.columns.findIndex(([each]) => each === name)]
      if (table.name === 'spaces') digest = JSON.parse(column('digest') as string) as Digest
      if (table.name === 'records') builder.replace(column('collection') as string, null, column('version') as string)
    })
    if (found.rows === sum.rows && found.sha256 === sum.sha256) continue
    throw differs(`${table.name} of space '${space}': ${sum.rows} rows were written, ${found.rows} read back`)
  }
  const counted = builder.build()
  if (!isSameDigest(counted, digest, Object.keys({ ...counted, ...digest }))) {
    throw differs(`the records of space '${space}' are not those that its digest is of`)
  }
}

function differs(what: string): PartnerError {
  return new PartnerError('unreadable', `what was moved is not what was there (${what}). Nothing was moved`)
}

/** Lost here, it may have been carried out. */
async function commit(client: Client): Promise<void> {
  try {
    await client.query('COMMIT')
  } catch (cause) {
    const message =
      'the connection was lost during COMMIT: it is not known whether all was moved. Look which spaces the target has'
    throw new PartnerError('busy', message, { cause })
  }
}

function* drawn<T>(rows: Iterable<T>): Generator<T> {
  const iterator = rows[Symbol.iterator]()
  for (;;) {
    const { done, value } = ofSource(() => iterator.next())
    if (done === true) return
    yield value
  }
}

function ofSource<T>(work: () => T): T {
  try {
    return work()
  } catch (cause) {
    throw new SourceError('the source failed', { cause })
  }
}
