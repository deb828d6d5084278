import { isSameKey, keyNumber, type Page, type ReplyHead, type SentKey } from 'web-sync-protocol'
import type { Fence, PageStream, ReceivedPage } from '../contract/index.ts'
import type { ComposedAsk } from './compose-ask.ts'

/** How a reply ended. */
export type ReplyEnd =
  /** Every page that came was read; `hasMore`: the partner said that there is more, or the stream was cut before its end. */
  | { readonly type: 'ended'; readonly hasMore: boolean }
  /** Not a single page came. */
  | { readonly type: 'empty' }
  /** The partner broke the protocol: a key that is not the child of the one before, an outcome that never came. */
  | { readonly type: 'broken' }
  /** Every mutation was answered `later`. */
  | { readonly type: 'later' }

/**
 * A reply that is being read: knows the fence of its next page, and checks that what the partner says hangs together. A partner that
 * breaks the protocol is not followed: its page is not applied, and the ask counts as failed.
 */
export class OpenReply {
  readonly #head: ReplyHead
  readonly #pages: PageStream
  readonly #unanswered: Set<string>
  readonly #sentKey: SentKey
  #fence: Fence
  #last: Page | null = null
  #ahead: Promise<Page | null> | null = null
  #isBroken = false
  #laterCount = 0
  #outcomeCount = 0

  constructor(composed: ComposedAsk, head: ReplyHead, pages: PageStream) {
    this.#head = head
    this.#pages = pages
    this.#sentKey = composed.ask.key
    this.#fence = composed.fence
    this.#unanswered = new Set(composed.ask.mutations.map((mutation) => mutation.mutationId))
  }

  /** True if the head answers this ask: the key that was sent, and a partnership that may follow from it. */
  static isAnswerTo(composed: ComposedAsk, head: ReplyHead): boolean {
    const { ask } = composed
    if (head.requestId !== ask.requestId || !isSameKey(head.from, ask.key)) return false
    return ask.key === 0 || head.forked !== null || head.partnershipId === ask.partnershipId
  }

  /** What the transaction of the page that was read last is compared with. */
  get fence(): Fence {
    return this.#fence
  }

  /** The next page, ready to be committed; null: the reply ended, see {@link OpenReply.end}. */
  async next(): Promise<ReceivedPage | null> {
    const page = await (this.#ahead ?? this.#pages.next())
    this.#ahead = null
    if (page === null) return null
    if (!this.#follows(page)) {
      this.#isBroken = true
      this.cancel()
      return null
    }
    this.#last = page
    return {
      partnershipId: this.#head.partnershipId,
      partnerId: this.#head.partnerId,
      forkedReplicaId: this.#head.forked?.replicaId ?? null,
      durable: this.#head.durable,
      page,
    }
  }

  /** Begins to read the next page while the last one is committed: one, so that what waits in memory stays bounded. */
  readAhead(): void {
    if (this.#last?.more === true) this.#ahead ??= this.#pages.next()
  }

  /** To be called when the page that was read last is applied: the next one is compared with its key. */
  advance(): void {
    const page = this.#last as Page
    for (const outcome of page.outcomes) {
      this.#unanswered.delete(outcome.mutationId)
      this.#outcomeCount += 1
      if (outcome.type === 'later') this.#laterCount += 1
    }
    this.#fence = {
      partnershipId: this.#head.partnershipId,
      key: page.key,
      generation: this.#fence.generation,
      isResync: this.#fence.isResync && !page.settled,
    }
  }

  /** How the reply ended; `next` has returned null. */
  end(): ReplyEnd {
    if (this.#isBroken) return { type: 'broken' }
    const last = this.#last
    if (last === null) return { type: 'empty' }
    if (last.more) return { type: 'ended', hasMore: true }
    if (!last.settled || this.#unanswered.size > 0) return { type: 'broken' }
    if (this.#laterCount === 0) return { type: 'ended', hasMore: false }
    return this.#laterCount === this.#outcomeCount ? { type: 'later' } : { type: 'ended', hasMore: true }
  }

  /** Stops reading. */
  cancel(): void {
    this.#pages.cancel()
  }

  /** A page's key is the child of the one before (claim 13), or the same if the page says nothing at all. */
  #follows(page: Page): boolean {
    const before = this.#fence.key
    if (page.key.n === keyNumber(before) + 1) return true
    // An outcome under the old key would be taken for durable as soon as that key is.
    const isSilent = page.changes.length === 0 && page.outcomes.length === 0 && !page.more
    return isSilent && this.#last === null && !this.#head.forked && isSameKey(page.key, this.#sentKey)
  }
}
