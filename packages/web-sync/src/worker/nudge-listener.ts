import { type Nudge, parseNudge, parseWith } from 'web-sync-protocol'
import { type Auth, hashStoreOwner, type Lock, type Random } from '../contract/index.ts'
import { type Channel, openChannel } from '../platform/index.ts'
import { createTurns, type Fetch, openNudgeStream } from '../transport/index.ts'

/** One space that wants nudges. */
export interface NudgeSubscriber {
  /** null: there is no partnership yet. */
  readonly partnershipId: () => string | null
  readonly auth: Auth | null
  /** `isForwarded`: another tab holds the stream, and may act on it first. */
  readonly onNudge: (nudge: Nudge, isForwarded: boolean) => void
  /** The stream is there (again): what was said before was missed. */
  readonly onOpen: (isForwarded: boolean) => void
}

/** What a listener needs. */
export interface NudgeListenerParts {
  readonly app: string
  readonly endpoint: string
  readonly account: string
  readonly credentials: 'same-origin' | 'include'
  readonly fetch: Fetch
  readonly lock: Lock
  readonly random: Random
}

/** How long newcomers are gathered before the stream is opened anew for them. */
const GATHER_MS = 300

type Message =
  | { readonly type: 'want'; readonly ids: readonly string[] }
  | { readonly type: 'who' }
  | { readonly type: 'nudge'; readonly nudge: Nudge }
  | { readonly type: 'open' }

/**
 * One stream of nudges for all spaces of one account with one partner in this browser: HTTP/1.1 has six connections for all tabs of an origin. Who holds
 * the lock listens and forwards; when its tab closes, the next one takes over.
 */
export class NudgeListener {
  readonly #parts: NudgeListenerParts
  readonly #channel: Channel | null
  readonly #subscribers = new Set<NudgeSubscriber>()
  /** Of other tabs, as far as they said. */
  readonly #othersWant = new Set<string>()
  readonly #ended = new AbortController()
  #stream: AbortController | null = null
  #listening = ''
  /** One bucket for all connections: a partner that forks each time has them opened anew each time. */
  readonly #turn = createTurns()
  #gather: ReturnType<typeof setTimeout> | undefined
  #isLeader = false

  constructor(parts: NudgeListenerParts) {
    this.#parts = parts
    const name = `web-sync:events:${hashStoreOwner(parts)}`
    this.#channel = openChannel(name, (message) => this.#onMessage(message))
    void this.#lead(name)
  }

  /** Adds a space; returns how to take it away. */
  add(subscriber: NudgeSubscriber): () => void {
    this.#subscribers.add(subscriber)
    this.changed()
    return () => void this.#subscribers.delete(subscriber)
  }

  /** True if no space wants nudges any more. */
  get isUnused(): boolean {
    return this.#subscribers.size === 0
  }

  /** A space may have another partnership now. */
  changed(): void {
    const ids = this.#wanted()
    if (this.#isLeader) this.#reopenSoon()
    else if (ids.length > 0) this.#post({ type: 'want', ids })
  }

  /** Ends the stream, or the wish for it; the next tab may have it. */
  close(): void {
    this.#ended.abort()
    this.#stream?.abort()
    clearTimeout(this.#gather)
    this.#channel?.close()
  }

  async #lead(name: string): Promise<void> {
    try {
      await this.#parts.lock.hold(name, { ifAvailable: false }, async () => {
        if (this.#ended.signal.aborted) return
        this.#isLeader = true
        this.#post({ type: 'who' })
        this.#reopenSoon()
        await new Promise<void>((resolve) => this.#ended.signal.addEventListener('abort', () => resolve()))
      })
    } catch {
      // The lock ended with its context: another tab listens.
    }
  }

  #reopenSoon(): void {
    clearTimeout(this.#gather)
    this.#gather = setTimeout(() => this.#reopen(), GATHER_MS)
  }

  #reopen(): void {
    if (this.#ended.signal.aborted) return
    const ids = [...new Set([...this.#wanted(), ...this.#othersWant])].toSorted()
    const listening = ids.join()
    if (listening === this.#listening) return
    this.#listening = listening
    this.#stream?.abort()
    this.#stream = null
    if (ids.length > 0) this.#listen(ids)
  }

  #listen(partnershipIds: readonly string[]): void {
    const stream = new AbortController()
    this.#stream = stream
    void openNudgeStream({
      endpoint: this.#parts.endpoint,
      credentials: this.#parts.credentials,
      fetch: this.#parts.fetch,
      random: this.#parts.random,
      partnershipIds,
      auth: this.#auth(),
      signal: stream.signal,
      turn: this.#turn,
      onNudge: (nudge) => {
        this.#post({ type: 'nudge', nudge })
        for (const subscriber of this.#subscribers) subscriber.onNudge(nudge, false)
      },
      onOpen: () => {
        this.#post({ type: 'open' })
        for (const subscriber of this.#subscribers) subscriber.onOpen(false)
      },
    })
  }

  /** Any open space's way of signing will do: they are of one account. */
  #auth(): Auth | null {
    const signing = (): Auth | null => [...this.#subscribers].find(({ auth }) => auth !== null)?.auth ?? null
    if (signing() === null) return null
    return { getHeaders: async (isRefresh) => (await signing()?.getHeaders(isRefresh)) ?? null }
  }

  #wanted(): string[] {
    return [...this.#subscribers].map((subscriber) => subscriber.partnershipId()).filter((id) => id !== null)
  }

  #post(message: Message): void {
    if (!this.#ended.signal.aborted) this.#channel?.post(message)
  }

  #onMessage(data: unknown): void {
    if (this.#ended.signal.aborted || typeof data !== 'object' || data === null) return
    const { type, ids, nudge } = data as { type?: unknown; ids?: unknown; nudge?: unknown }
    if (type === 'who') this.changed()
    if (type === 'open') for (const subscriber of this.#subscribers) subscriber.onOpen(true)
    if (type === 'want' && Array.isArray(ids)) {
      for (const id of ids) if (typeof id === 'string') this.#othersWant.add(id)
      if (this.#isLeader) this.#reopenSoon()
    }
    const parsed = type === 'nudge' ? parseWith(parseNudge, nudge) : null
    if (parsed?.ok === true) for (const subscriber of this.#subscribers) subscriber.onNudge(parsed.value, true)
  }
}
