import { type Host, keyNumber, type SentKey } from 'web-sync-protocol'
import type { Clock, ExchangeEntry, ReceivedPage } from '../contract/index.ts'
import type { ComposedAsk } from './compose-ask.ts'

/** Collects what a run did, one entry for each ask, so that the app can show it later, whichever context ran it. */
export class ExchangeLog {
  readonly #clock: Clock
  readonly #host: Host
  readonly #onEntry: (entry: ExchangeEntry) => void
  #open: ExchangeEntry | null = null
  #closed: ExchangeEntry[] = []

  constructor(clock: Clock, host: Host, onEntry: (entry: ExchangeEntry) => void) {
    this.#clock = clock
    this.#host = host
    this.#onEntry = onEntry
  }

  /** An ask is being sent. */
  begin(composed: ComposedAsk): void {
    const { ask } = composed
    this.#open = {
      atMs: this.#clock.nowMs(),
      host: this.#host,
      from: keyNumber(ask.key),
      to: keyNumber(ask.key),
      partnershipId: ask.partnershipId,
      mutations: ask.mutations.length,
      changes: 0,
      result: 'ok',
    }
  }

  /** A page of its reply was applied. */
  page(received: ReceivedPage): void {
    if (this.#open === null) return
    const { key, changes } = received.page
    this.#open = {
      ...this.#open,
      to: key.n,
      partnershipId: received.partnershipId,
      changes: this.#open.changes + changes.length,
    }
  }

  /** The ask is over. */
  end(result: string): void {
    if (this.#open === null) return
    const entry = { ...this.#open, result }
    this.#open = null
    this.#closed.push(entry)
    this.#onEntry(entry)
  }

  /** The data went back: a line of its own, so that the key's life can be drawn. */
  reset(from: SentKey, to: SentKey, partnershipId: string | null, result: string): void {
    const n = { from: keyNumber(from), to: keyNumber(to) }
    const entry = { atMs: this.#clock.nowMs(), host: this.#host, ...n, partnershipId, mutations: 0, changes: 0, result }
    this.#closed.push(entry)
    this.#onEntry(entry)
  }

  /** The entries since the last call, to be stored. */
  take(): ExchangeEntry[] {
    const entries = this.#closed
    this.#closed = []
    return entries
  }
}
