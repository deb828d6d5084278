import type { PoolClient } from 'pg'
import { PartnerError } from '../../contract/index.ts'
import { behind, isConnectionLost, toPartnerError } from './to-partner-error.ts'

/** A value that is bound to a statement; arrays are for `unnest` and ANY. */
export type SqlValue = string | number | boolean | null | readonly (string | number | null)[]

/** A row as the driver gives it: bigint as number, boolean as boolean, text as string. */
export type SqlRow = Record<string, unknown>

/** How long the database may take before a transaction is given up, in milliseconds. */
export interface Patience {
  /** For a lock that somebody else holds. */
  readonly lockMs: number
  /** For one statement; also how long a connection may stay silent inside a transaction before the server ends it. */
  readonly statementMs: number
}

/**
 * One transaction on one connection. Its statements run one after another, whoever asks; after the first failure nothing more is sent,
 * and COMMIT fails with it, so a caller that swallows an error cannot commit half of its work.
 *
 * All statements are parameterised and none is named: behind pgbouncer in transaction mode the next one may run on another connection.
 */
export class Session {
  readonly #client: PoolClient
  #last: Promise<unknown> = Promise.resolve()
  #failure: unknown = null
  #isOver = false
  #isLost = false
  #epoch = ''

  constructor(client: PoolClient) {
    this.#client = client
  }

  /** True if the connection must not be used again. */
  get isLost(): boolean {
    return this.#isLost
  }

  /** Names the server, since its last start, on which the transaction runs. */
  get epoch(): string {
    return this.#epoch
  }

  /**
   * Begins a transaction for writing, READ COMMITTED: what is locked is read as it was committed last. The space is named for row-level
   * security; '' for none. Throws PartnerError 'behind' on a node that must not be written.
   */
  async beginWriting(space: string, patience: Patience): Promise<void> {
    await this.query('BEGIN ISOLATION LEVEL READ COMMITTED', [])
    await this.#prepare(space, patience)
  }

  /** Begins a transaction for reading on one consistent state. Throws PartnerError 'behind' on a standby, whose state is an older one. */
  async beginReading(space: string, patience: Patience): Promise<void> {
    await this.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', [])
    await this.#prepare(space, patience)
  }

  /** Settings end with the transaction. A commit that is answered survives a crash, also where the server's default is to be quicker. */
  async #prepare(space: string, { lockMs, statementMs }: Patience): Promise<void> {
    const [row] = await this.query(
      `SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean AS is_behind,
         extract(epoch FROM pg_postmaster_start_time())::text AS epoch,
         set_config('web_sync.space', $1, true),
         set_config('lock_timeout', $2, true),
         set_config('statement_timeout', $3, true),
         set_config('idle_in_transaction_session_timeout', $3, true),
         CASE WHEN current_setting('synchronous_commit') = 'off' THEN set_config('synchronous_commit', 'on', true) END`,
      [space, String(lockMs), String(statementMs)],
    )
    if (row?.['is_behind'] !== false) throw behind()
    this.#epoch = row['epoch'] as string
  }

  /** Runs one statement when those before it are done. Returns its rows. */
  async query(sql: string, values: readonly SqlValue[]): Promise<readonly SqlRow[]> {
    return (await this.#send(sql, values)).rows
  }

  /** Runs one statement when those before it are done. Returns how many rows it changed. */
  async run(sql: string, values: readonly SqlValue[]): Promise<number> {
    return (await this.#send(sql, values)).rowCount ?? 0
  }

  /**
   * Commits. Rejects with PartnerError 'busy' if that failed, or if the connection was lost before the answer: then it is not known
   * whether the transaction was stored. The message says which.
   */
  async commit(): Promise<void> {
    let command: string
    try {
      command = (await this.#send('COMMIT', [])).command
    } catch (error) {
      throw this.#isLost ? unknownOutcome(error) : error
    }
    // The server answers ROLLBACK, not an error, where an earlier statement has failed.
    if (command !== 'COMMIT') throw new PartnerError('busy', 'the database rolled back: nothing was stored, try again')
  }

  /** Rolls back what is under way. Never rejects: a connection on which that fails is lost, and the server rolls back. */
  async rollBack(): Promise<void> {
    // What was asked before and not awaited must not reach the next user of the connection.
    await this.#last
    this.#isOver = true
    if (this.#isLost) return
    try {
      await this.#client.query('ROLLBACK')
    } catch {
      this.#isLost = true
    }
  }

  #send(sql: string, values: readonly SqlValue[]): Promise<Answer> {
    const turn = this.#last.then(async () => {
      if (this.#isOver) throw new PartnerError('closed', 'the transaction is over')
      if (this.#failure !== null) throw this.#failure
      if (sql === 'COMMIT') this.#isOver = true
      try {
        return await this.#client.query<SqlRow>(sql, [...values])
      } catch (error) {
        this.#isLost ||= isConnectionLost(error)
        this.#failure = toPartnerError(error)
        throw this.#failure
      }
    })
    this.#last = turn.catch(() => undefined)
    return turn
  }
}

interface Answer {
  readonly command: string
  readonly rowCount: number | null
  readonly rows: readonly SqlRow[]
}

function unknownOutcome(cause: unknown): PartnerError {
  const message =
    'the connection was lost during COMMIT: it is not known whether the transaction was stored; ask again, nothing is applied twice'
  return new PartnerError('busy', message, { cause })
}
