import type { InitiatorState, Memory, Progress } from 'web-sync-protocol'
import {
  SyncError,
  type SpaceEvent,
  type SpaceState,
  type SpaceStatus,
  type Store,
  type SyncSummary,
} from '../contract/index.ts'
import type { RunEvent } from '../engine/index.ts'
import { type Coalescer, createCoalescer } from './coalescer.ts'
import { type BrowserStorage, UNKNOWN_STORAGE } from './storage-health.ts'

/** The rest between two looks at the store while a run is at work, which tells itself how far it is: each look makes its next page wait. */
const MAX_REST_MS = 250
/** A frame: who writes in a row, each after the other, is not held up by a look at the store after each of them. */
const MIN_REST_MS = 16

/** What a status board needs. */
export interface StatusParts {
  readonly store: Store
  readonly hasPartner: boolean
  readonly isOnline: () => boolean
  readonly emit: (event: SpaceEvent) => void
  /** The summary was read anew. */
  readonly onSummary: (summary: SyncSummary) => void
  /** The store could not be read. */
  readonly onFault: (error: unknown) => void
}

/** Puts the status together from the store's summary and the run's events, and tells the page when it changed. */
export class StatusBoard {
  readonly #parts: StatusParts
  readonly #coalescer: Coalescer
  #summary: SyncSummary | null = null
  #storage: BrowserStorage = UNKNOWN_STORAGE
  #evicted: { readonly atMs: number; readonly unsent: number | null } | null = null
  #replacedUnsent: number | null = null
  #isSyncing = false
  #isOutdated = false
  /** What the run said last; undefined: nothing that the summary does not say better. Summaries are read now and then, and may be older. */
  #progress: Progress | null | undefined = undefined
  #isRunOver = false
  #sending: ReadonlySet<string> = new Set()
  #isClosed = false
  #told = ''

  constructor(parts: StatusParts) {
    this.#parts = parts
    this.#coalescer = createCoalescer(() => this.refresh(), {
      maxRestMs: MAX_REST_MS,
      minRestMs: () => (this.#isSyncing ? MAX_REST_MS : MIN_REST_MS),
    })
  }

  /** The mutations that are on their way from here. */
  get sending(): ReadonlySet<string> {
    return this.#sending
  }

  /** True while a run is at work. */
  get isSyncing(): boolean {
    return this.#isSyncing
  }

  /** The summary that was read last. */
  get summary(): SyncSummary | null {
    return this.#summary
  }

  /** The store changed: read it again soon. */
  touch(): void {
    this.#coalescer.trigger()
  }

  /** As touch, and at once. */
  hurry(): void {
    this.#coalescer.hurry()
  }

  /** Reads the store and tells the page. Never rejects. */
  async refresh(): Promise<void> {
    if (this.#isClosed) return
    const isRunOver = this.#isRunOver
    let summary: SyncSummary
    try {
      summary = await this.#parts.store.readSummary()
    } catch (error) {
      if (this.#isClosed) return
      // Firefox refuses even to read while a device is full. Nothing is lost by that: it is asked again when something has changed.
      const isFull = error instanceof SyncError && error.code === 'quota-exceeded'
      if (!isFull) this.#parts.onFault(error)
      return
    }
    if (isRunOver && this.#isRunOver) {
      this.#isSyncing = false
      this.#progress = undefined
    }
    this.show(summary)
  }

  /** A summary that was just read: tells the page. */
  show(summary: SyncSummary): void {
    this.#summary = summary
    this.#parts.onSummary(summary)
    this.emit()
  }

  /** What a run tells while it goes on. */
  onRunEvent(event: RunEvent): void {
    switch (event.type) {
      case 'state':
        if (isAtWork(event.state)) this.#begin()
        break
      case 'progress':
        this.#progress = event.progress
        this.#isRunOver = false
        break
      case 'sending':
        this.#sending = new Set(event.mutationIds)
        break
      case 'exchange':
        this.#sending = new Set()
        break
      case 'report':
      case 'fault':
        return
    }
    this.emit()
  }

  /** A newer version of the app has taken the store over: this one only reads, until it is reloaded. */
  outdate(): void {
    this.#isOutdated = true
    this.emit()
  }

  /** The run is over. It counts as at work until its end has been read: nobody sees `idle` beside what was still to be sent. */
  endRun(): void {
    this.#isRunOver = true
    this.#sending = new Set()
    this.#coalescer.hurry()
  }

  /** The store was found missing, or its last writes, though the browser remembers them; so many unsent ones are lost (null: nobody knows). */
  setEvicted(atMs: number, unsent: number | null): void {
    this.#evicted = { atMs, unsent }
  }

  /** True if writes were found to be thrown away by the browser. */
  get isEvicted(): boolean {
    return this.#evicted !== null
  }

  /** The database was replaced; there were so many unsent writes (null: nobody knows). */
  setReplaced(unsent: number | null): void {
    this.#replacedUnsent = unsent
  }

  /** Storage health was read. */
  setStorage(storage: BrowserStorage): void {
    this.#storage = storage
    this.emit()
  }

  /** Tells the page, if anything is different from what it was told. */
  emit(): void {
    if (this.#summary === null) return
    const status = this.#compose(this.#summary)
    const text = JSON.stringify(status)
    if (text === this.#told) return
    this.#told = text
    this.#parts.emit({ type: 'status', status })
  }

  /** The last word: state `closed`. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#coalescer.close()
    this.emit()
  }

  #begin(): void {
    this.#isSyncing = true
    this.#isRunOver = false
  }

  #compose(summary: SyncSummary): SpaceStatus {
    const { counts, memory } = summary
    // The last page says «all of all» and is the one that settles: then there is no progress any more.
    const isLoading = !summary.isSettled || summary.isResyncing
    return {
      state: this.#state(memory),
      ...counts,
      sending: this.#sending.size,
      key: summary.key,
      partnershipId: summary.partnershipId,
      replicaId: summary.replicaId,
      isPartial: !summary.isSettled,
      isResyncing: summary.isResyncing,
      progress: isLoading ? (this.#progress === undefined ? summary.progress : this.#progress) : null,
      lastSyncAtMs: summary.lastSyncAtMs,
      wait: this.#isSyncing ? null : memory.wait,
      halt: this.#isOutdated ? 'update' : this.#isSyncing ? null : memory.halt,
      isOnline: this.#parts.isOnline(),
      storage: {
        ...this.#storage,
        madeAtMs: summary.madeAtMs,
        evictedAtMs: this.#evicted?.atMs ?? summary.evictedAtMs,
        evictedUnsent: this.#evicted?.unsent ?? null,
        recovery: summary.recovery,
        replacedUnsent: this.#replacedUnsent,
      },
    }
  }

  #state(memory: Memory): SpaceState {
    if (this.#isClosed) return 'closed'
    if (!this.#parts.hasPartner) return 'local'
    if (this.#isSyncing) return 'syncing'
    if (this.#isOutdated || memory.halt !== null) return 'halted'
    if (memory.wait === null) return 'idle'
    return memory.wait.reason === 'degraded' ? 'degraded' : 'waiting'
  }
}

function isAtWork(state: InitiatorState): boolean {
  switch (state.type) {
    case 'asking':
    case 'committing':
    case 'rollingBack':
    case 'resyncing':
      return true
    case 'idle':
    case 'waiting':
    case 'halted':
    case 'degraded':
      return false
  }
}
