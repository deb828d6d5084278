import { setTimeout as sleep } from 'node:timers/promises'
import { Client, type Notification } from 'pg'
import { PartnerError, type StorageStatus, type StorageWatcher } from '../../contract/index.ts'
import { type Announcer, CHANNEL, parseNotice } from './announcer.ts'

/** What a listener needs. */
export interface CommitListenerOptions {
  /** Of a direct connection: through a pooler that gives away connections between transactions nothing would ever come. */
  readonly url: string
  readonly announcer: Announcer
  /** Sends a payload through the channel, on another connection. */
  readonly notify: (payload: string) => Promise<void>
  readonly watcher: StorageWatcher
}

/** Waits between two attempts: they double from the first to the second, with full jitter. */
const FIRST_WAIT_MS = 250
const LONGEST_WAIT_MS = 30_000
/** How long connecting, a statement, and hearing oneself may take. */
const PATIENCE_MS = 5_000
/** Between two looks whether the connection still lives, and leads to a primary. */
const HEARTBEAT_MS = 30_000

/**
 * Hears what other processes commit: one direct connection that LISTENs. When it is lost it is made again, and whatever was said
 * meanwhile counts as missed. It also says one word to itself through the pool: who does not hear that is not connected directly, or
 * to another database.
 */
export class CommitListener {
  readonly #options: CommitListenerOptions
  readonly #stopped = new AbortController()
  #isListening = false
  #hasComplained = false

  constructor(options: CommitListenerOptions) {
    this.#options = options
    void this.#run()
  }

  get state(): StorageStatus['listener'] {
    if (this.#stopped.signal.aborted) return 'off'
    return this.#isListening ? 'listening' : 'connecting'
  }

  /** Ends the connection for good. */
  stop(): void {
    this.#stopped.abort()
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped
    for (let failures = 0; !signal.aborted;) {
      failures = (await this.#listen()) ? 0 : failures + 1
      const boundMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures, 10))
      await sleep(Math.random() * boundMs, undefined, { signal, ref: false }).catch(() => undefined)
    }
  }

  /** One connection, to its end. True if it had come so far as to listen. */
  async #listen(): Promise<boolean> {
    const client = new Client({
      connectionString: this.#options.url,
      application_name: 'web-sync-server nudges',
      connectionTimeoutMillis: PATIENCE_MS,
      query_timeout: PATIENCE_MS,
      keepAlive: true,
    })
    const ended = new AbortController()
    const end = (error?: unknown): void => ended.abort(error)
    client.on('error', end).on('end', end)
    this.#stopped.signal.addEventListener('abort', end)
    let hasListened = false
    try {
      await client.connect()
      await this.#subscribe(client, ended.signal)
      hasListened = true
      this.#isListening = true
      this.#hasComplained = false
      this.#options.watcher.onGap()
      await beat(client, ended.signal)
    } catch (error) {
      this.#complain(error)
    } finally {
      this.#isListening = false
      this.#stopped.signal.removeEventListener('abort', end)
      void client.end().catch(() => undefined)
    }
    return hasListened
  }

  /** Resolves when the connection has heard what was said on another one. */
  async #subscribe(client: Client, ended: AbortSignal): Promise<void> {
    const { announcer, notify, watcher } = this.#options
    const heard = new AbortController()
    client.on('notification', ({ payload }: Notification) => {
      const notice = parseNotice(payload)
      if (notice === null) return
      if (notice.source !== announcer.source) {
        if (notice.commit !== null) watcher.onCommit(notice.commit)
      } else if (notice.commit === null) {
        heard.abort()
      }
    })
    await client.query(`LISTEN ${CHANNEL}`)
    await notify(announcer.payload(null))
    const early = AbortSignal.any([heard.signal, ended])
    await sleep(PATIENCE_MS, undefined, { signal: early, ref: false }).catch(() => undefined)
    ended.throwIfAborted()
    if (heard.signal.aborted) return
    const message =
      'nudges of other processes do not arrive: the connection that listens must go to the same database directly, not through ' +
      'a pooler in transaction mode; give its URL as listenUrl'
    throw new PartnerError('invalid-option', message)
  }

  /** Once for each outage. */
  #complain(error: unknown): void {
    if (this.#stopped.signal.aborted || this.#hasComplained) return
    this.#hasComplained = true
    this.#options.watcher.onError(error)
  }
}

/** Resolves when the connection is over; throws why. A server that has become a standby hears of no commit any more. */
async function beat(client: Client, ended: AbortSignal): Promise<void> {
  for (;;) {
    await sleep(HEARTBEAT_MS, undefined, { signal: ended, ref: false }).catch(() => undefined)
    ended.throwIfAborted()
    const { rows } = await client.query<{ is_behind: boolean }>('SELECT pg_is_in_recovery() AS is_behind')
    if (rows[0]?.is_behind !== false)
      throw new PartnerError('behind', 'the database that listens is not the primary any more')
  }
}
