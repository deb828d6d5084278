import {
  type Ask,
  type CheckpointName,
  type Digest,
  type Mutation,
  type Page,
  parsePage,
  parseReplyHead,
  parseWith,
  PROTOCOL_VERSION,
  type SentKey,
} from 'web-sync-protocol'

/** Settled checkpoints that are offered, as the product's initiator does at first. */
const OFFERED = 16
/** Records that a replica writes; they stay few, so rows stay flat. */
const OWN_RECORDS = 3

/** What an answer brought. */
export interface Taken {
  readonly changes: number
  readonly accepted: number
  /** Outcomes that were neither accepted nor put off: none is expected. */
  readonly refused: number
  readonly hasMore: boolean
}

/**
 * A replica, as cheap as it can be: the state of its partnership and the parsers of the protocol's core. It keeps the rules of the key
 * and of the outbox, and of the records only the versions of its own.
 */
export class Replica {
  readonly account: string
  readonly space: string
  readonly #replicaId: string = randomHex()
  readonly #versions = new Map<string, string>()
  partnershipId: string | null = null
  /** Of the last page; null while nothing is settled. */
  digest: Digest | null = null
  #key: SentKey = 0
  #isSettled = false
  #have: readonly CheckpointName[] = []
  #outbox: readonly Mutation[] = []
  #order = 0
  #requestId = ''

  constructor(account: string, space: string) {
    this.account = account
    this.space = space
  }

  get pending(): number {
    return this.#outbox.length
  }

  /** Writes to so many of its records; those that already wait are left alone. */
  write(records: number): void {
    for (let index = 0; index < Math.min(records, OWN_RECORDS); index += 1) {
      const id = `${this.account}-${index}`
      if (this.#outbox.some((mutation) => mutation.ops[0]?.id === id)) continue
      this.#order += 1
      this.#outbox = [...this.#outbox, this.#mutationOf(id)]
    }
  }

  /** The partner does not know the key any more: all over again, as a full resync does; what waits is kept. */
  beginAgain(): void {
    this.partnershipId = null
    this.#key = 0
    this.#isSettled = false
    this.#have = []
  }

  /** The next ask, as text. */
  compose(): string {
    this.#requestId = randomHex()
    const ask: Ask = {
      protocol: PROTOCOL_VERSION,
      requestId: this.#requestId,
      app: null,
      account: this.account,
      replicaId: this.#replicaId,
      space: this.space,
      partnershipId: this.partnershipId,
      key: this.#key,
      have: this.#have,
      collections: ['notes'],
      schemaVersion: 1,
      mutations: this.#isSettled ? this.#outbox : [],
      limit: { changes: 500, bytes: 1_000_000, pages: 20 },
      host: 'worker',
    }
    return JSON.stringify(ask)
  }

  /** Takes a whole reply. Throws if it is not an answer to the last ask. */
  take(text: string): Taken {
    const [first = '', ...lines] = text.trimEnd().split('\n')
    const head = mustParse(parseReplyHead, first)
    if (head.requestId !== this.#requestId) throw new Error('a reply to another ask')
    this.partnershipId = head.partnershipId
    let [changes, accepted, refused, hasMore] = [0, 0, 0, false]
    for (const line of lines) {
      const page = mustParse(parsePage, line)
      changes += page.changes.length
      for (const outcome of page.outcomes) {
        if (outcome.type === 'accepted') accepted += 1
        else if (outcome.type !== 'later') refused += 1
      }
      this.#apply(page)
      hasMore = page.more
    }
    return { changes, accepted, refused, hasMore: hasMore || lines.length === 0 || this.#outbox.length > 0 }
  }

  #apply(page: Page): void {
    const answered = new Set<string>()
    for (const outcome of page.outcomes) {
      if (outcome.type === 'later') continue
      answered.add(outcome.mutationId)
      if (outcome.type !== 'accepted') continue
      for (const { id, version } of outcome.versions) if (version !== null) this.#versions.set(id, version)
    }
    this.#outbox = this.#outbox.filter(({ mutationId }) => !answered.has(mutationId))
    this.#key = page.key
    this.#isSettled = page.settled
    this.digest = page.digest
    const { partnershipId } = this
    if (!page.settled || partnershipId === null || this.#have[0]?.tag === page.key.tag) return
    this.#have = [{ partnershipId, ...page.key }, ...this.#have].slice(0, OFFERED)
  }

  #mutationOf(id: string): Mutation {
    const base = this.#versions.get(id) ?? null
    const target = { collection: 'notes', id, base }
    const text = `write ${this.#order} of ${this.account}, about as long as a short note that somebody takes on the way`
    const mutationId = crypto.randomUUID()
    const op =
      base === null ? ({ op: 'insert', value: { id, text } } as const) : ({ op: 'patch', value: { text } } as const)
    return { mutationId, order: this.#order, ops: [{ ...target, ...op }] }
  }
}

function randomHex(): string {
  return crypto.randomUUID().replaceAll('-', '')
}

function mustParse<T>(parser: (input: unknown, path: string) => T, line: string): T {
  const parsed = parseWith(parser, JSON.parse(line))
  if (!parsed.ok) throw new Error(`the partner sent a malformed line at ${parsed.path}: ${parsed.message}`)
  return parsed.value
}
