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

/** What a transaction locks when it begins, in this order: a partnership's checkpoints, then the making of records in its space. */
export interface FirstLocks {
  readonly partnershipId: string
  readonly isMaking: boolean
}

/** Locks a partnership until the transaction ends; $1 is the space, `name` the parameter with the partnership's id. */
export function lockPartnershipBy(name: `$${number}`): string {
  return `pg_advisory_xact_lock(hashtextextended($1::text || '/' || ${name}::text, 1))`
}

/** Locks the making of records that are not there yet, of the space $1. */
export const LOCK_MAKING = 'pg_advisory_xact_lock(hashtextextended($1::text, 2))'

/**
 * One transaction on one connection. Its statements are sent at once and run one after another, whoever asks: those that do not wait for
 * each other's answers share a round trip. After the first failure nothing more is sent, the database refuses what is on its way, and
 * COMMIT fails with it, so a caller that swallows an error cannot commit half of its work.
 *
 * All statements are parameterised and none is named: behind pgbouncer in transaction mode the next one may run on another connection.
 */
export class Session {
  readonly #client: PoolClient
  #last: Promise<unknown> = Promise.resolve()
  #failure: unknown = null
  #isOver = false
  #isLost = false
  #hasWritten = false
  #isGathering = false

  constructor(client: PoolClient) {
    this.#client = client
  }

  /** True if the connection must not be used again. */
  get isLost(): boolean {
    return this.#isLost
  }

  /** True once something was sent that a commit must bring to the disk. */
  get hasWritten(): boolean {
    return this.#hasWritten
  }

  /**
   * Begins a transaction for writing, READ COMMITTED: what is locked is read as it was committed last. The space is named for row-level
   * security; '' for none. Throws PartnerError 'behind' on a node that must not be written;
   * what was sent behind it, without waiting, fails or counts for nothing.
   */
  async beginWriting(space: string, patience: Patience, locks: FirstLocks | null = null): Promise<void> {
    this.#start('BEGIN ISOLATION LEVEL READ COMMITTED')
    await this.#prepare(space, patience, locks)
  }

  /** Begins a transaction for reading on one consistent state. Throws PartnerError 'behind' on a standby, whose state is an older one. */
  async beginReading(space: string, patience: Patience): Promise<void> {
    this.#start('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    await this.#prepare(space, patience, null)
  }

  /** Its answer says nothing: if it fails, so does what follows. */
  #start(sql: string): void {
    void this.#send(sql, []).catch(() => undefined)
  }

  /** Settings end with the transaction. A commit that is answered survives a crash, also where the server's default is to be quicker. */
  async #prepare(space: string, { lockMs, statementMs }: Patience, locks: FirstLocks | null): Promise<void> {
    const partnership = locks === null ? '' : `, ${lockPartnershipBy('$4')}`
    const making = locks?.isMaking === true ? `, ${LOCK_MAKING}` : ''
    const [row] = await this.query(
      `SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean AS is_behind,
         set_config('web_sync.space', $1, true),
         set_config('lock_timeout', $2, true),
         set_config('statement_timeout', $3, true),
         set_config('idle_in_transaction_session_timeout', $3, true),
         CASE WHEN current_setting('synchronous_commit') = 'off' THEN set_config('synchronous_commit', 'on', true) END
         ${partnership}${making}`,
      [space, String(lockMs), String(statementMs), ...(locks === null ? [] : [locks.partnershipId])],
    )
    if (row?.['is_behind'] !== false) throw behind()
  }

  /** Runs one statement when those before it are done. Returns its rows. */
  async query(sql: string, values: readonly SqlValue[]): Promise<readonly SqlRow[]> {
    return (await this.#send(sql, values)).rows
  }

  /** As {@link query}, of a function that writes. */
  change(sql: string, values: readonly SqlValue[]): Promise<readonly SqlRow[]> {
    this.#hasWritten = true
    return this.query(sql, values)
  }

  /** Runs one statement when those before it are done. Returns how many rows it changed. */
  async run(sql: string, values: readonly SqlValue[]): Promise<number> {
    this.#hasWritten = true
    return (await this.#send(sql, values)).rowCount ?? 0
  }

  /** Runs one statement when those before it are done, without waiting for it: if it fails, so does the commit. */
  post(sql: string, values: readonly SqlValue[]): void {
    this.#hasWritten = true
    void this.#send(sql, values).catch(() => undefined)
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
    if (this.#failure !== null) throw this.#failure
    // The server answers ROLLBACK, not an error, where an earlier statement has failed.
    if (command !== 'COMMIT') throw new PartnerError('busy', 'the database rolled back: nothing was stored, try again')
  }

  /** Ends a transaction that has only read: nobody waits for it. Throws what an earlier statement has failed with. */
  end(): Promise<void> {
    if (this.#failure !== null) throw this.#failure
    return this.#send('COMMIT', []).then(
      () => undefined,
      () => undefined,
    )
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
    if (this.#isOver) return Promise.reject(new PartnerError('closed', 'the transaction is over'))
    if (this.#failure !== null) return Promise.reject(this.#failure)
    if (sql === 'COMMIT') this.#isOver = true
    this.#gather()
    const answer = this.#client.query<SqlRow>(sql, [...values]).catch((error: unknown) => {
      this.#isLost ||= isConnectionLost(error)
      // Answers come in the order of the statements: the first failure is the cause of the others.
      this.#failure ??= toPartnerError(error)
      throw this.#failure
    })
    this.#last = answer.catch(() => undefined)
    return answer
  }

  /** What is sent in one go leaves in one packet: the driver would write each statement by itself. */
  #gather(): void {
    if (this.#isGathering) return
    const stream = (this.#client as PoolClient & Corked).connection?.stream
    if (stream?.cork === undefined) return
    this.#isGathering = true
    stream.cork()
    process.nextTick(() => {
      this.#isGathering = false
      stream.uncork?.()
    })
  }
}

/** The part of a client's connection that collects what is written; no part of the driver's interface, and not needed. */
interface Corked {
  readonly connection?: { readonly stream?: { cork?(): void; uncork?(): void } }
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
