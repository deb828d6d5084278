import type { DatabaseSync } from 'node:sqlite'
import {
  type PartnershipPlace,
  PartnerError,
  type PartnerStorage,
  type StorageReader,
  type StorageStatus,
  type StorageTransaction,
} from '../../contract/index.ts'
import { writeBackup } from './backup.ts'
import { isDrained } from './drain.ts'
import { GroupCommit } from './group-commit.ts'
import { openDatabase, toPartnerError } from './open-database.ts'
import { SqliteReader } from './sqlite-reader.ts'
import { SqliteTransaction } from './sqlite-transaction.ts'
import { Statements } from './statements.ts'

/** A storage in one SQLite file. */
export interface SqliteStorage extends PartnerStorage {
  /**
   * Writes a consistent copy while exchanges go on, whole or not at all. With `isDurable` what it holds is counted as durable then:
   * initiators may drop it from their journals. For copies that survive the loss of this machine only. Default: false.
   */
  backup(toPath: string, options?: { readonly isDurable?: boolean }): Promise<void>
}

const TABLES = [
  'spaces',
  'sightings',
  'records',
  'awaiting_deletes',
  'log',
  'partnerships',
  'checkpoints',
  'requests',
  'outcomes',
  'forgotten',
] as const

/**
 * Opens a storage in a SQLite file, made if it is not there; ':memory:' for one that is forgotten. Throws PartnerError 'newer-schema' or
 * 'unreadable'.
 *
 * Crash safety: an answer is sent only after COMMIT, and COMMIT returns only after the write-ahead log is on the disk. A kill at any
 * moment leaves the last committed state; an exchange whose answer was lost is case K2 and applies nothing twice.
 */
export function sqliteStorage(path: string): SqliteStorage {
  return new SqliteFile(path, openDatabase(path))
}

class SqliteFile implements SqliteStorage {
  readonly #path: string
  readonly #database: DatabaseSync
  readonly #statements: Statements
  readonly #jobs: GroupCommit
  readonly #isDrained: () => boolean
  readonly refusesBehind: boolean = true
  #isClosed = false

  constructor(path: string, database: DatabaseSync) {
    this.#path = path
    this.#database = database
    this.#statements = new Statements(database)
    this.#jobs = new GroupCommit(database)
    this.#isDrained = isDrained(database)
  }

  /** False once its content is being moved, or was moved. */
  isPrimary(): Promise<boolean> {
    return this.#inTransaction('read', async () => !this.#isDrained())
  }

  transaction<T>(space: string, work: (tx: StorageTransaction) => Promise<T>): Promise<T> {
    return this.#inTransaction('write', () => work(new SqliteTransaction(this.#statements, space)))
  }

  read<T>(space: string, work: (tx: StorageReader) => Promise<T>): Promise<T> {
    return this.#inTransaction('read', () => work(new SqliteReader(this.#statements, space)))
  }

  async readPartnerId(draw: () => string): Promise<string> {
    const read = async (): Promise<string | null> =>
      (this.#statements.of('SELECT id FROM partner').get()?.['id'] as string | undefined) ?? null
    const known = await this.#inTransaction('read', read)
    if (known !== null) return known
    const drawn = draw()
    return this.#inTransaction('write', async () => {
      this.#statements.of('INSERT INTO partner (one, id) VALUES (1, ?) ON CONFLICT DO NOTHING').run(drawn)
      return (await read()) ?? drawn
    })
  }

  listSpaces(): Promise<readonly string[]> {
    return this.#inTransaction('read', async () => {
      const sql =
        'SELECT space FROM spaces UNION SELECT space FROM partnerships UNION SELECT space FROM outcomes ORDER BY 1'
      return this.#statements
        .of(sql)
        .all()
        .map((row) => row['space'] as string)
    })
  }

  findPartnerships(account: string, partnershipIds: readonly string[]): Promise<readonly PartnershipPlace[]> {
    return this.#inTransaction('read', async () => {
      const sql = `SELECT space, partnership_id FROM partnerships
        WHERE account = ? AND partnership_id IN (SELECT value FROM json_each(?))`
      const rows = this.#statements.of(sql).all(account, JSON.stringify(partnershipIds))
      return rows.map((row) => ({ partnershipId: row['partnership_id'] as string, space: row['space'] as string }))
    })
  }

  markDurable(space: string | null): Promise<void> {
    return this.#inTransaction('write', async () => {
      if (space === null) this.#statements.of('UPDATE spaces SET durable_head = head').run()
      else this.#statements.of('UPDATE spaces SET durable_head = head WHERE space = ?').run(space)
    })
  }

  eraseAccount(account: string): Promise<number> {
    return this.#inTransaction('write', async () => {
      for (const table of ['checkpoints', 'requests']) {
        const sql = `DELETE FROM ${table} WHERE (space, partnership_id) IN
          (SELECT space, partnership_id FROM partnerships WHERE account = ?)`
        this.#statements.of(sql).run(account)
      }
      this.#statements.of('DELETE FROM outcomes WHERE account = ?').run(account)
      this.#statements.of('DELETE FROM awaiting_deletes WHERE account = ?').run(account)
      this.#statements.of('DELETE FROM forgotten WHERE account = ?').run(account)
      return Number(this.#statements.of('DELETE FROM partnerships WHERE account = ?').run(account).changes)
    })
  }

  eraseSpace(space: string): Promise<boolean> {
    return this.#inTransaction('write', async () => {
      let rows = 0
      for (const table of TABLES) {
        rows += Number(this.#statements.of(`DELETE FROM ${table} WHERE space = ?`).run(space).changes)
      }
      return rows > 0
    })
  }

  async backup(toPath: string, options: { readonly isDurable?: boolean } = {}): Promise<void> {
    const heads = await this.#inTransaction('read', async () =>
      this.#statements.of('SELECT space, head FROM spaces').all(),
    )
    await writeBackup(this.#database, toPath)
    if (options.isDurable !== true) return
    // What the copy held at least: changes that came while it was written are not counted.
    await this.#inTransaction('write', async () => {
      const sql = 'UPDATE spaces SET durable_head = max(durable_head, ?2) WHERE space = ?1'
      for (const { space, head } of heads) this.#statements.of(sql).run(space as string, head as number)
    })
  }

  status(): StorageStatus {
    return { pool: null, listener: null, standbys: [], groups: this.#jobs.counts }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    // Those that wait come first.
    await this.#jobs.run('alone', async () => this.#database.close())
  }

  async #inTransaction<T>(kind: 'read' | 'write', work: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw new PartnerError('closed', 'the storage was closed: open a new one')
    try {
      return await this.#jobs.run(kind, kind === 'read' ? work : () => this.#write(work))
    } catch (error) {
      throw toPartnerError(this.#path, error)
    }
  }

  /** The mark is read under the file's write lock, so nothing is written behind it. */
  #write<T>(work: () => Promise<T>): Promise<T> {
    if (!this.#isDrained()) return work()
    throw new PartnerError('behind', `${this.#path} takes no more writes: what is in it is being moved, or was moved`)
  }
}
