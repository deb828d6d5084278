import { type ClientBase, type CustomTypesConfig, Pool, type PoolClient, types } from 'pg'
import { PartnerError } from '../../contract/index.ts'
import { FIRST_VERSION, LAYOUT_VERSION } from './migration-files.ts'
import { toPartnerError } from './to-partner-error.ts'

/** What the pool is made of. */
export interface ConnectionOptions {
  readonly url: string
  readonly maxConnections: number
  /** How long one waits for a connection, in milliseconds. */
  readonly waitMs: number
  /** How long a statement may take until the connection itself is taken for dead, in milliseconds. */
  readonly silenceMs: number
}

/** The driver gives bigint as text; ours are numbers of changes and milliseconds, far below 2^53. */
export const NUMBERS: CustomTypesConfig = {
  getTypeParser: (oid, format) => (oid === types.builtins.INT8 ? Number : types.getTypeParser(oid, format)),
}

/** The pool: connections are looked at when they are new, and thrown away when they are lost. */
export class Connections {
  readonly #pool: Pool
  readonly #known = new WeakSet<PoolClient>()
  #isClosed = false

  constructor({ url, maxConnections, waitMs, silenceMs }: ConnectionOptions) {
    assertConnectionString(url)
    this.#pool = new Pool({
      connectionString: url,
      max: maxConnections,
      connectionTimeoutMillis: waitMs,
      // Kept by the driver, not the server: a host that vanishes answers nothing at all.
      query_timeout: silenceMs,
      keepAlive: true,
      // Statements are sent without waiting for the answers to those before (drivers that know nothing of it wait).
      pipeline: true,
      application_name: 'web-sync-server',
      types: NUMBERS,
    })
    // A connection that is lost while nobody uses it is replaced by the pool; unheard, the event would end the process.
    this.#pool.on('error', () => undefined)
    this.#pool.on('connect', (client) => client.on('error', () => undefined))
  }

  /** A connection that may be used. Throws PartnerError 'busy', 'closed', 'newer-schema', 'unreadable' or 'invalid-option'. */
  async take(): Promise<PoolClient> {
    if (this.#isClosed) throw new PartnerError('closed', 'the storage was closed: open a new one')
    let client: PoolClient
    try {
      client = await this.#pool.connect()
    } catch (error) {
      throw toPartnerError(error)
    }
    if (this.#known.has(client)) return client
    try {
      await assertUsable(client)
      this.#known.add(client)
      return client
    } catch (error) {
      client.release(true)
      throw error
    }
  }

  /** True if the node may be written. Rejects as {@link take}. */
  async isPrimary(): Promise<boolean> {
    const [row] = await this.query(IS_BEHIND, [])
    return row?.['is_behind'] === false
  }

  /** How many connections there are, and who waits for one. */
  get counts(): { readonly open: number; readonly idle: number; readonly waiting: number } {
    const { totalCount, idleCount, waitingCount } = this.#pool
    return { open: totalCount, idle: idleCount, waiting: waitingCount }
  }

  /** One statement that is a transaction of its own. Rejects as {@link take}, and with what the statement fails with. */
  async query(sql: string, values: readonly unknown[]): Promise<readonly Record<string, unknown>[]> {
    const client = await this.take()
    try {
      const { rows } = await client.query<Record<string, unknown>>(sql, [...values])
      client.release()
      return rows
    } catch (error) {
      client.release(true)
      throw toPartnerError(error)
    }
  }

  /** Waits for those who use a connection. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#pool.end()
  }
}

const IS_BEHIND = `SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean AS is_behind`

/** The tables are of this program's version, and row-level security binds this role: the owner and superusers it does not. */
export async function assertUsable(client: ClientBase): Promise<void> {
  // What newer programs have only added does not count.
  const sql = `SELECT
      (SELECT max(version) FROM web_sync.migrations WHERE version <= $1 OR name NOT LIKE '%.additive.sql') AS version,
      row_security_active('web_sync.records') AS is_walled`
  let row: { readonly version: number | null; readonly is_walled: boolean } | undefined
  try {
    row = (await client.query<{ version: number | null; is_walled: boolean }>(sql, [LAYOUT_VERSION])).rows[0]
  } catch (error) {
    throw toPartnerError(error)
  }
  const version = row?.version ?? 0
  assertReadable(version)
  if (version < LAYOUT_VERSION) {
    throw new PartnerError(
      'unreadable',
      `the tables are version ${version}, this program needs ${LAYOUT_VERSION}: run web-sync-server migrate`,
    )
  }
  if (row?.is_walled !== true) {
    throw new PartnerError(
      'invalid-option',
      'the partner must not run as the owner of the tables or as a superuser: connect as the role that migrate was given',
    )
  }
}

/** Throws PartnerError 'invalid-option'. The text itself is not repeated: it has a password in it. */
export function assertConnectionString(url: string): void {
  if (/^postgres(ql)?:\/\//.test(url) && URL.canParse(url)) return
  throw new PartnerError('invalid-option', 'the database must be named as postgres://role:password@host:5432/database')
}

/** Throws PartnerError 'newer-schema' or 'older-layout' if these tables are of a version that this program does not read; 0: there are none. */
export function assertReadable(version: number): void {
  if (version > LAYOUT_VERSION) {
    throw new PartnerError(
      'newer-schema',
      `the database was written by a newer version of web-sync-server (its tables are version ${version}, this program knows ` +
        `${LAYOUT_VERSION}). Install that version. Nothing was changed.`,
    )
  }
  if (version > 0 && version < FIRST_VERSION) {
    throw new PartnerError(
      'older-layout',
      `the tables are version ${version}, of a web-sync-server that was never published. This program reads ${FIRST_VERSION} and ` +
        'later: name another database. Nothing was changed.',
    )
  }
}
