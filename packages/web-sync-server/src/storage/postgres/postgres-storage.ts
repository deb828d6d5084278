import {
  type Foresight,
  type PartnershipPlace,
  PartnerError,
  type PartnerStorage,
  type StorageReader,
  type StorageStatus,
  type StorageTransaction,
  type StorageWatcher,
} from '../../contract/index.ts'
import { Announcer, CHANNEL } from './announcer.ts'
import { CommitListener } from './commit-listener.ts'
import { assertConnectionString, Connections } from './connections.ts'
import { isPushForeseen } from './foreseen.ts'
import { type DurableSource, PostgresReader } from './postgres-reader.ts'
import { PostgresTransaction } from './postgres-transaction.ts'
import { type Patience, Session } from './session.ts'
import { StandbyWatch } from './standby-watch.ts'
import { Turns } from './turns.ts'

/** How a PostgreSQL database is used. */
export interface PostgresOptions {
  /** Connection string of the runtime role: postgres://role:password@host:5432/database. */
  readonly url: string
  /** Connections at the same time. Default: 20. */
  readonly maxConnections?: number
  /**
   * Transactions of this process that work on one space at the same time. Default: 1, so they run in the order in which they came and
   * never wait for each other's locks. More helps a space with thousands of members if the database is far away.
   */
  readonly perSpace?: number
  /** How long a transaction waits for its turn, for a connection, and for each lock, in milliseconds. Default: 5,000. */
  readonly waitMs?: number
  /** How long one statement may take, in milliseconds. Default: 30,000. */
  readonly statementMs?: number
  /**
   * Where commits of other processes are heard: a direct connection to the same database, not through a pooler in transaction mode (it
   * would be noticed and reported). Opened with the first event stream. Default: `url`; null: nobody listens, for a process that is alone.
   */
  readonly listenUrl?: string | null
  /**
   * Every node that may be promoted, by the name under which it follows: `application_name` of its `primary_conninfo`, or its
   * `cluster_name`. The primary's own `cluster_name` may be among them, so that the list stays as it is after a promotion. Devices hear
   * that a write is durable when each of them has flushed it, so one that is not connected holds all of it back. The role needs
   * pg_read_all_stats. Default: none: what confirmed backups hold is durable.
   */
  readonly standbys?: readonly string[]
  /** With `standbys`: durable is what a confirmed backup holds as well, for those who may have to restore it. Default: false. */
  readonly needsBackup?: boolean
}

/** The server's own limit ends a statement first; only one that answers nothing at all is given up by the driver. */
const SILENCE_MS = 5_000

/** All tables but the head's, which is locked before. */
const TABLES = [
  'records',
  'awaiting_deletes',
  'log',
  'checkpoints',
  'requests',
  'outcomes',
  'forgotten',
  'partnerships',
  'sightings',
] as const

/**
 * Opens a storage in a PostgreSQL database (15 or newer) that `migratePostgres` has prepared. Nothing is connected before the first use;
 * each new connection is looked at then: PartnerError 'unreadable' (not migrated), 'newer-schema', 'older-layout', 'invalid-option' (the role is the owner,
 * so row-level security would not bind it). A node in recovery, or read-only, is asked nothing: 'behind'. Works through pgbouncer in
 * transaction mode.
 *
 * Crash safety: an answer is sent only after COMMIT. A lost connection, a deadlock, a serialization failure: 'busy', and nothing was
 * stored. Lost during COMMIT: 'busy' too, and the message says that the outcome is unknown; the ask that is sent again is case K2, or
 * finds its outcomes stored, and applies nothing twice.
 */
export function postgresStorage(options: PostgresOptions): PartnerStorage {
  return new PostgresDatabase(options)
}

class PostgresDatabase implements PartnerStorage {
  readonly refusesBehind: boolean = true
  readonly #connections: Connections
  readonly #turns: Turns
  readonly #patience: Patience
  readonly #announcer: Announcer
  readonly #listenUrl: string | null
  readonly #standbys: StandbyWatch | null
  readonly #durable: DurableSource | null
  readonly #maxConnections: number
  #listener: CommitListener | null = null

  constructor(options: PostgresOptions) {
    const { url, maxConnections = 20, perSpace = 1, waitMs = 5_000, statementMs = 30_000 } = options
    for (const [name, value] of Object.entries({ maxConnections, perSpace, waitMs, statementMs })) {
      if (Number.isSafeInteger(value) && value >= 1) continue
      throw new PartnerError('invalid-option', `${name} must be a whole number, 1 at least`)
    }
    const { listenUrl = url, standbys = [], needsBackup = false } = options
    if (listenUrl !== null) assertConnectionString(listenUrl)
    this.#connections = new Connections({ url, maxConnections, waitMs, silenceMs: statementMs + SILENCE_MS })
    this.#turns = new Turns(perSpace, waitMs)
    this.#patience = { lockMs: waitMs, statementMs }
    this.#maxConnections = maxConnections
    this.#announcer = new Announcer((payload) => this.#notify(payload))
    this.#listenUrl = listenUrl
    this.#standbys =
      standbys.length === 0 ? null : new StandbyWatch(standbys, (sql, values) => this.#connections.query(sql, values))
    this.#durable = this.#standbys === null ? null : { horizon: this.#standbys.horizon, needsBackup }
  }

  isPrimary(): Promise<boolean> {
    return this.#connections.isPrimary()
  }

  transaction<T>(space: string, work: (tx: StorageTransaction) => Promise<T>, foresight?: Foresight): Promise<T> {
    return this.#turns.run(space, () =>
      this.#inTransaction(
        (session) => this.#begin(session, space, foresight),
        async (_session, tx) => {
          const result = await work(tx)
          tx.flush()
          return { result, after: () => this.#afterCommit(tx) }
        },
      ),
    )
  }

  /** All that is foreseen is sent behind the BEGIN, in the same round trip. */
  async #begin(session: Session, space: string, foresight: Foresight | undefined): Promise<PostgresTransaction> {
    const tx = new PostgresTransaction(session, space, this.#durable, this.#announcer)
    if (foresight === undefined) {
      await session.beginWriting(space, this.#patience)
      return tx
    }
    const locks = { partnershipId: foresight.partnershipId, isMaking: isPushForeseen(foresight) }
    const begun = session.beginWriting(space, this.#patience, locks)
    const foreseen = tx.foresee(foresight)
    // A node that must not be written says so first, whatever the rest fails with.
    foreseen.catch(() => undefined)
    await begun
    await foreseen
    return tx
  }

  read<T>(space: string, work: (tx: StorageReader) => Promise<T>): Promise<T> {
    return this.#reading(space, async (session) => {
      const tx = new PostgresReader(session, space, this.#durable)
      const result = await work(tx)
      return { result, after: () => this.#note(tx) }
    })
  }

  /** What must wait for the commit: only what is committed is told, and has a place in the log. */
  #afterCommit(tx: PostgresTransaction): void {
    if (tx.untold !== null) this.#announcer.committed(tx.untold)
    this.#note(tx)
  }

  #note({ space, top, epoch }: PostgresReader): void {
    if (top !== null) this.#standbys?.note(space, top, epoch)
  }

  /** Tells other processes, outside of any transaction. */
  async #notify(payload: string): Promise<void> {
    await this.#connections.query('SELECT pg_notify($1, $2)', [CHANNEL, payload])
  }

  watch(watcher: StorageWatcher): () => void {
    const url = this.#listenUrl
    if (url === null) return () => undefined
    const notify = (payload: string): Promise<void> => this.#notify(payload)
    const listener = new CommitListener({ url, announcer: this.#announcer, notify, watcher })
    this.#listener = listener
    return () => listener.stop()
  }

  status(): StorageStatus {
    return {
      pool: { max: this.#maxConnections, ...this.#connections.counts },
      listener: this.#listener?.state ?? 'off',
      standbys: this.#standbys?.standbys ?? [],
      groups: null,
    }
  }

  async readPartnerId(draw: () => string): Promise<string> {
    const select = 'SELECT id FROM web_sync.partner'
    const known = await this.#acrossSpaces((session) => session.query(select, []))
    if (known[0] !== undefined) return known[0]['id'] as string
    const drawn = draw()
    return this.#changing('', async (session) => {
      // Waits for another process that stores one at the same time; that one is seen then.
      await session.run('INSERT INTO web_sync.partner (one, id) VALUES (true, $1) ON CONFLICT DO NOTHING', [drawn])
      return (await session.query(select, []))[0]?.['id'] as string
    })
  }

  listSpaces(): Promise<readonly string[]> {
    return this.#acrossSpaces(async (session) => {
      const rows = await session.query('SELECT space FROM web_sync.list_spaces() AS space', [])
      return rows.map((row) => row['space'] as string)
    })
  }

  findPartnerships(account: string, partnershipIds: readonly string[]): Promise<readonly PartnershipPlace[]> {
    return this.#acrossSpaces(async (session) => {
      const sql = 'SELECT space, partnership_id FROM web_sync.find_partnerships($1, $2)'
      const rows = await session.query(sql, [account, partnershipIds])
      return rows.map((row) => ({ partnershipId: row['partnership_id'] as string, space: row['space'] as string }))
    })
  }

  async markDurable(space: string | null): Promise<void> {
    await this.#changing(space ?? '', (session) =>
      space === null
        ? session.run('SELECT web_sync.mark_all_durable()', [])
        : session.run('UPDATE web_sync.spaces SET durable_head = head WHERE space = $1', [space]),
    )
  }

  eraseAccount(account: string): Promise<number> {
    return this.#changing('', async (session) => {
      const rows = await session.change('SELECT web_sync.erase_account($1) AS erased', [account])
      return rows[0]?.['erased'] as number
    })
  }

  eraseSpace(space: string): Promise<boolean> {
    return this.#turns.run(space, () =>
      this.#changing(space, async (session) => {
        // First, so that nobody adds changes meanwhile.
        let rows = await session.run('DELETE FROM web_sync.spaces WHERE space = $1', [space])
        for (const table of TABLES) {
          rows += await session.run(`DELETE FROM web_sync.${table} WHERE space = $1`, [space])
        }
        return rows > 0
      }),
    )
  }

  async close(): Promise<void> {
    this.#listener?.stop()
    this.#standbys?.close()
    await this.#announcer.close()
    await this.#connections.close()
  }

  /** A transaction that touches what is no exchange's business. */
  #changing<T>(space: string, work: (session: Session) => Promise<T>): Promise<T> {
    return this.#writing(space, async (session) => ({ result: await work(session), after: nothing }))
  }

  /** Looks across spaces. */
  #acrossSpaces<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.#reading('', async (session) => ({ result: await work(session), after: nothing }))
  }

  #writing<T>(space: string, work: (session: Session) => Promise<Done<T>>): Promise<T> {
    return this.#inTransaction((session) => session.beginWriting(space, this.#patience), work)
  }

  #reading<T>(space: string, work: (session: Session) => Promise<Done<T>>): Promise<T> {
    return this.#inTransaction((session) => session.beginReading(space, this.#patience), work)
  }

  async #inTransaction<T, B>(
    begin: (session: Session) => Promise<B>,
    work: (session: Session, begun: B) => Promise<Done<T>>,
  ): Promise<T> {
    const client = await this.#connections.take()
    const session = new Session(client)
    const release = (): void => client.release(session.isLost)
    try {
      const { result, after } = await work(session, await begin(session))
      if (session.hasWritten) {
        await session.commit()
        release()
      } else {
        // Nothing has to reach the disk: the answer does not wait for the end, the connection does.
        void session.end().then(release)
      }
      after()
      return result
    } catch (error) {
      await session.rollBack()
      release()
      throw error
    }
  }
}

/** What a transaction came to, and what is to be done once it is committed. */
interface Done<T> {
  readonly result: T
  readonly after: () => void
}

function nothing(): void {}
