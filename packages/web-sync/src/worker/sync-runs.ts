import { keyNumber, LIMITS, type Nudge, type ReplyLimit, type WakeReason } from 'web-sync-protocol'
import { type Auth, type OpenRequest, PAGE_CHANGES, type Store, type SyncSummary } from '../contract/index.ts'
import { Pace, type RunEvent, type RunResult, runSync, type SyncPorts } from '../engine/index.ts'
import { createFetchTransport, createPortTransport } from '../transport/index.ts'
import type { WorkerEnvironment } from './environment.ts'
import type { NudgeListener } from './nudge-listener.ts'
import { Scheduler } from './scheduler.ts'

/** A page of this size is applied in about a second on a phone and shown as progress. */
const REPLY_LIMIT: ReplyLimit = { changes: PAGE_CHANGES, bytes: 1_048_576, pages: LIMITS.pagesPerReply }

/** Writes made in one go travel in one ask. */
const WRITE_DELAY_MS = 20
/** Delay before a tab acts on a nudge that another tab forwarded. */
const HEAD_START_MS = 500
/** Another tab sends its own writes; if it dies first, this one does. */
const FOREIGN_WRITE_DELAY_MS = 3_000

/** What runs are made with. */
export interface SyncRunsParts {
  readonly request: OpenRequest
  readonly environment: WorkerEnvironment
  readonly auth: Auth | null
  /** null: there are no nudges (no endpoint). */
  readonly nudges: NudgeListener | null
  readonly store: Store
  readonly dbName: string
  readonly onEvent: (event: RunEvent) => void
  /** A run rejected: the store cannot be read. */
  readonly onFault: (error: unknown) => void
  /** A run is over, however it ended. */
  readonly onEnd: (startedAtMs: number) => void
}

/** The runs of one open space, and when they are made: at the start, after writes, for news, and whenever the page says so. Without a partner none. */
export class SyncRuns {
  readonly #parts: SyncRunsParts
  readonly #stop = new AbortController()
  readonly #ports: SyncPorts | null
  readonly #scheduler: Scheduler
  #removeFromNudges: () => void = () => undefined
  #partnershipId: string | null = null
  /** Of the key that this device has. */
  #n = 0
  /** When news was heard of last. */
  #newsAtMs = 0

  constructor(parts: SyncRunsParts) {
    const { clock, random } = parts.environment
    this.#parts = parts
    this.#ports = this.#makePorts()
    this.#scheduler = new Scheduler({ run: (reason, waitedUntilMs) => this.run(reason, waitedUntilMs), clock, random })
  }

  /** False: the space is this device's alone. */
  get hasPartner(): boolean {
    return this.#ports !== null
  }

  /** Begins the first run, and listens to nudges from now on. */
  start(): void {
    this.#removeFromNudges =
      this.#parts.nudges?.add({
        partnershipId: () => this.#partnershipId,
        auth: this.#parts.auth,
        onNudge: (nudge, isForwarded) => this.#onNudge(nudge, isForwarded),
        onOpen: (isForwarded) => this.#wakeForNews(0, isForwarded),
      }) ?? this.#removeFromNudges
    this.wake('start')
  }

  /** Asks for a run, in `delayMs`. */
  wake(reason: WakeReason, delayMs = 0): void {
    if (this.#ports !== null) this.#scheduler.wake(reason, delayMs)
  }

  /** There is something new to send, written by this context or by another one. */
  onWrites(isOwn: boolean): void {
    this.wake(
      'write',
      isOwn ? WRITE_DELAY_MS : FOREIGN_WRITE_DELAY_MS * (1 + this.#parts.environment.random.fraction()),
    )
  }

  /** Another context has finished a run. If it started after the last news, this context needs no run of its own. */
  onRun(startedAtMs: number): void {
    if (startedAtMs >= this.#newsAtMs) this.#scheduler.forget('nudge')
  }

  /** The summary was read anew. */
  onSummary({ key, partnershipId }: SyncSummary): void {
    this.#n = keyNumber(key)
    if (partnershipId === this.#partnershipId) return
    this.#partnershipId = partnershipId
    this.#parts.nudges?.changed()
  }

  /** Makes one run now, as SyncOptions says. Never rejects; null: none could be made, or the store could not be read. */
  async run(reason: WakeReason, waitedUntilMs?: number): Promise<RunResult | null> {
    if (this.#ports === null || this.#stop.signal.aborted) return null
    const { environment, onEvent, onFault, onEnd } = this.#parts
    const startedAtMs = environment.clock.nowMs()
    try {
      return await runSync(this.#ports, {
        reason,
        host: 'worker',
        limit: REPLY_LIMIT,
        signal: this.#stop.signal,
        onEvent,
        ...(waitedUntilMs === undefined ? {} : { waitedUntilMs }),
      })
    } catch (error) {
      onFault(error)
      return null
    } finally {
      onEnd(startedAtMs)
    }
  }

  /** Ends the run that is under way before its next ask; none is made any more. */
  close(): void {
    this.#stop.abort()
    this.#scheduler.close()
    this.#removeFromNudges()
  }

  #makePorts(): SyncPorts | null {
    const { request, environment, auth, store, dbName } = this.#parts
    const { clock, random, lock, fetch } = environment
    const { endpoint, credentials, transportPort } = request
    const common = { store, clock, random, lock, lockName: `web-sync:${dbName}`, auth, pace: new Pace() }
    if (transportPort !== null) return { ...common, transport: createPortTransport({ port: transportPort, clock }) }
    if (endpoint === null) return null
    const { signal } = this.#stop
    return { ...common, transport: createFetchTransport({ endpoint, credentials, fetch, clock, signal }) }
  }

  #onNudge(nudge: Nudge, isForwarded: boolean): void {
    if (nudge.partnershipId !== this.#partnershipId) return
    // A delayed one: what it tells of is here already.
    if (nudge.key !== null && nudge.key.n < this.#n) return
    this.#wakeForNews(nudge.spreadMs, isForwarded)
  }

  /** The tab that holds the stream goes first; its run serves the others that have this space open. */
  #wakeForNews(spreadMs: number, isForwarded: boolean): void {
    const { clock, random } = this.#parts.environment
    this.#newsAtMs = clock.nowMs()
    const headStartMs = isForwarded ? HEAD_START_MS * (1 + random.fraction()) : 0
    this.wake('nudge', headStartMs + random.fraction() * spreadMs)
  }
}
