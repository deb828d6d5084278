import {
  type Ask,
  ASK_CONTENT_TYPE,
  type Change,
  type CheckpointName,
  type Digest,
  DigestBuilder,
  type Mutation,
  type Op,
  type Page,
  parsePage,
  parseProblem,
  parseReplyHead,
  parseWith,
  type Problem,
  PROTOCOL_HEADER,
  PROTOCOL_VERSION,
  type RecordVersion,
  type ReplyHead,
  type SentKey,
} from 'web-sync-protocol'

/** What came of an ask. */
export type ScriptedAnswer =
  | { readonly type: 'reply'; readonly head: ReplyHead; readonly pages: readonly Page[] }
  | { readonly type: 'problem'; readonly problem: Problem; readonly status: number }

/** A record as the initiator holds it. */
export interface HeldRecord {
  readonly version: RecordVersion
  readonly value: Readonly<Record<string, unknown>>
}

/** What a {@link ScriptedInitiator} is made of. */
export interface ScriptOptions {
  readonly fetch: (request: Request) => Promise<Response>
  readonly account: string
  readonly space: string
  /** Name of the app that it says it belongs to. Default: it does not say. */
  readonly app?: string
  /** Default: ['notes']. */
  readonly collections?: readonly string[]
  /** Default: 'http://partner.test/sync'. */
  readonly url?: string
}

/**
 * A small initiator that does as it is told: it asks, applies what it is told to apply, and can go back to any state it had. It keeps
 * the rules of a base and nothing else: no outbox, no overlay, no retries.
 */
export class ScriptedInitiator {
  readonly options: ScriptOptions
  replicaId: string = randomHex()
  partnershipId: string | null = null
  key: SentKey = 0
  settled = false
  records: ReadonlyMap<string, HeldRecord> = new Map()
  have: readonly CheckpointName[] = []
  collections: readonly string[]

  constructor(options: ScriptOptions) {
    this.options = options
    this.collections = options.collections ?? ['notes']
  }

  /** A second initiator with the same state: a cloned profile, this one before it went on, or this one before another partner. */
  copy(changes: Partial<ScriptOptions> = {}): ScriptedInitiator {
    const copy = new ScriptedInitiator({ ...this.options, ...changes })
    const { options } = copy
    return Object.assign(copy, this, { options })
  }

  /** The digest of the records that it has, from the records themselves. */
  recount(): Digest {
    const builder = new DigestBuilder()
    for (const [name, { version }] of this.records) builder.replace(name.slice(0, name.indexOf('/')), null, version)
    return builder.build()
  }

  /** Composes an ask from the state. */
  compose(mutations: readonly Mutation[] = [], changes: Partial<Ask> = {}): Ask {
    return {
      protocol: PROTOCOL_VERSION,
      requestId: randomHex(),
      app: this.options.app ?? null,
      account: this.options.account,
      replicaId: this.replicaId,
      space: this.options.space,
      partnershipId: this.partnershipId,
      key: this.key,
      have: this.have,
      collections: this.collections,
      schemaVersion: 1,
      mutations,
      limit: { changes: 500, bytes: 1_000_000, pages: 1_000 },
      host: 'worker',
      ...changes,
    }
  }

  /** Sends an ask and reads the whole answer; nothing is applied. */
  async send(ask: Ask): Promise<ScriptedAnswer> {
    const response = await this.options.fetch(this.request(JSON.stringify(ask)))
    const text = await response.text()
    if (response.status !== 200) return { type: 'problem', status: response.status, problem: toProblem(text) }
    const [head, ...pages] = text.trimEnd().split('\n')
    return {
      type: 'reply',
      head: mustParse(parseReplyHead, head ?? ''),
      pages: pages.map((line) => mustParse(parsePage, line)),
    }
  }

  /** The request of an ask, with everything that a partner wants to see. */
  request(body: string): Request {
    return new Request(this.options.url ?? 'http://partner.test/sync', {
      method: 'POST',
      headers: {
        'content-type': ASK_CONTENT_TYPE,
        [PROTOCOL_HEADER]: String(PROTOCOL_VERSION),
        authorization: this.options.account,
      },
      body,
    })
  }

  /** Asks and applies all pages. Throws if the answer is a problem. */
  async sync(mutations: readonly Mutation[] = [], changes: Partial<Ask> = {}): Promise<readonly Page[]> {
    const answer = await this.send(this.compose(mutations, changes))
    if (answer.type === 'problem') throw new Error(`problem ${answer.problem.code}: ${answer.problem.title}`)
    for (const page of answer.pages) this.apply(answer.head, page)
    return answer.pages
  }

  /** Applies one page as an initiator does: changes, then the key. */
  apply(head: ReplyHead, page: Page): void {
    const records = new Map(this.key === 0 && head.from === 0 ? [] : this.records)
    for (const change of page.changes) applyChange(records, change)
    for (const name of records.keys()) {
      if (!page.collections.includes(name.slice(0, name.indexOf('/')))) records.delete(name)
    }
    this.records = records
    this.partnershipId = head.partnershipId
    if (head.forked !== null) this.replicaId = head.forked.replicaId
    this.key = page.key
    this.settled = page.settled
    const name = { partnershipId: head.partnershipId, ...page.key }
    if (page.settled && this.have[0]?.tag !== name.tag) this.have = [name, ...this.have].slice(0, 128)
  }
}

/** A mutation of one or many operations with a new id. */
export function mutationOf(...ops: readonly Op[]): Mutation {
  return { mutationId: crypto.randomUUID(), order: 1, ops }
}

/** 128 random bits as the protocol writes them. */
export function randomHex(): string {
  return crypto.randomUUID().replaceAll('-', '')
}

function applyChange(records: Map<string, HeldRecord>, change: Change): void {
  const name = `${change.collection}/${change.id}`
  const held = records.get(name)
  // Not newer than what is held: brought by a snapshot page that showed a later state.
  if (held !== undefined && Number.parseInt(held.version, 10) > Number.parseInt(change.version, 10)) return
  if (change.type === 'delete') records.delete(name)
  else records.set(name, { version: change.version, value: change.value })
}

function mustParse<T>(parser: (input: unknown, path: string) => T, line: string): T {
  const parsed = parseWith(parser, JSON.parse(line))
  if (!parsed.ok) throw new Error(`the partner sent a malformed line at ${parsed.path}: ${parsed.message}`)
  return parsed.value
}

function toProblem(text: string): Problem {
  return mustParse(parseProblem, text)
}
