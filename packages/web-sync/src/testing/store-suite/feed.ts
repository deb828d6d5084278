import {
  type Change,
  DigestBuilder,
  type JsonObject,
  type Mutation,
  type Outcome,
  type Page,
  type RefusalCode,
  type SyncKey,
  makeVersion,
  rebaseRecord,
} from 'web-sync-protocol'
import type { ReceivedPage } from '../../contract/index.ts'

/** Parts of a page that a test may want otherwise. */
export type PageParts = Partial<Page> & { readonly durable?: number; readonly forkedReplicaId?: string }

interface FeedRecord {
  readonly collection: string
  readonly version: string
  readonly value: JsonObject
  readonly mutationId: string | null
}

/** Numbers that are drawn anew over all feeds, so that no two histories share a tag or the bits of a version. */
let drawn = 0

function draw(digits: number): string {
  drawn += 1
  return drawn.toString(16).padStart(digits, '0')
}

/** The pages of a partner, made by hand: what a page says is always true of the feed's records. */
export class Feed {
  partnershipId: string = draw(32)
  collections: readonly string[] = ['notes', 'places']
  key: SyncKey = { n: 0, tag: '' }
  #head = 0
  #records = new Map<string, FeedRecord>()
  #changes: Change[] = []
  #outcomes: Outcome[] = []
  #accepted = new Set<string>()

  /** The same history, to go on differently: a restored backup. */
  copy(): Feed {
    const copy = new Feed()
    copy.partnershipId = this.partnershipId
    copy.collections = this.collections
    copy.key = this.key
    copy.#head = this.#head
    copy.#records = new Map(this.#records)
    copy.#accepted = new Set(this.#accepted)
    return copy
  }

  put(collection: string, value: JsonObject, mutationId: string | null = null): this {
    const id = value['id'] as string
    const version = this.#nextVersion()
    this.#records.set(`${collection}/${id}`, { collection, version, value, mutationId })
    this.#changes.push({ type: 'put', collection, id, version, value, mutationId })
    return this
  }

  delete(collection: string, id: string, mutationId: string | null = null): this {
    this.#records.delete(`${collection}/${id}`)
    this.#changes.push({ type: 'delete', collection, id, version: this.#nextVersion(), mutationId })
    return this
  }

  /** Accepts a mutation: its operations as they are, over the feed's records; once, a repeat is answered as a duplicate. */
  accept(mutation: Mutation): this {
    const { mutationId } = mutation
    if (this.#accepted.has(mutationId)) {
      return this.answer({ mutationId, type: 'accepted', duplicate: true, merged: false, versions: [] })
    }
    this.#accepted.add(mutationId)
    for (const op of mutation.ops) {
      const before = this.#records.get(`${op.collection}/${op.id}`)?.value ?? null
      const after = rebaseRecord(before, [op])
      if (after !== null) this.put(op.collection, after, mutationId)
      else if (before !== null) this.delete(op.collection, op.id, mutationId)
    }
    return this.answer({ mutationId, type: 'accepted', duplicate: false, merged: false, versions: [] })
  }

  refuse(mutationId: string, code: RefusalCode = 'not-allowed'): this {
    return this.answer({ mutationId, type: 'refused', duplicate: false, code, message: 'no', path: '/0' })
  }

  answer(outcome: Outcome): this {
    this.#outcomes.push(outcome)
    return this
  }

  /** The next page: all changes and outcomes since the last one. */
  page(parts: PageParts = {}): ReceivedPage {
    const { durable = 0, forkedReplicaId = null, ...rest } = parts
    this.key = { n: this.key.n + 1, tag: draw(32) }
    const page: Page = {
      key: this.key,
      settled: true,
      collections: this.collections,
      changes: this.#changes,
      snapshot: false,
      outcomes: this.#outcomes,
      more: false,
      progress: null,
      digest: null,
      ...rest,
    }
    this.#changes = []
    this.#outcomes = []
    return {
      partnershipId: this.partnershipId,
      forkedReplicaId,
      durable,
      page: page.settled && parts.digest === undefined ? { ...page, digest: this.digest() } : page,
    }
  }

  /** The pages of a snapshot under a new partnership, `size` records each; the last one is settled. */
  snapshot(size = 100): ReceivedPage[] {
    this.partnershipId = draw(32)
    this.key = { n: 0, tag: '' }
    this.#changes = []
    const all = [...this.#records.values()]
      .filter((record) => this.collections.includes(record.collection))
      .map(({ collection, version, value, mutationId }): Change => {
        return { type: 'put', collection, id: value['id'] as string, version, value, mutationId }
      })
      .toSorted((a, b) => (`${a.collection}/${a.id}` < `${b.collection}/${b.id}` ? -1 : 1))
    const pages: ReceivedPage[] = []
    for (let start = 0; start === 0 || start < all.length; start += size) {
      const isLast = start + size >= all.length
      const progress = { done: Math.min(start + size, all.length), total: all.length }
      pages.push(
        this.page({
          changes: all.slice(start, start + size),
          snapshot: true,
          settled: isLast,
          more: !isLast,
          progress,
        }),
      )
    }
    return pages
  }

  /** A fork of the partnership: same key, new identity. */
  fork(): string {
    this.partnershipId = draw(32)
    return draw(32)
  }

  digest(): NonNullable<Page['digest']> {
    const digest = new DigestBuilder()
    for (const { collection, version } of this.#records.values()) {
      if (this.collections.includes(collection)) digest.replace(collection, null, version)
    }
    return digest.build()
  }

  /** The records of a collection, by id. */
  values(collection: string): JsonObject[] {
    return [...this.#records.values()]
      .filter((record) => record.collection === collection)
      .map((record) => record.value)
      .toSorted((a, b) => ((a['id'] as string) < (b['id'] as string) ? -1 : 1))
  }

  #nextVersion(): string {
    this.#head += 1
    return makeVersion(this.#head, draw(16))
  }
}
