import {
  type ConflictPolicy,
  type JsonObject,
  makeVersion,
  type Op,
  parseAsk,
  parseWith,
  PROBLEM_CONTENT_TYPE,
  PROBLEM_STATUS,
  PROTOCOL_HEADER,
  PROTOCOL_VERSION,
  type ReceivedAsk,
  REPLY_CONTENT_TYPE,
} from 'web-sync-protocol'
import { systemRandom } from '../../platform/index.ts'
import type { Fetch } from '../../transport/index.ts'
import { applyMutations, type FakeRefusal } from './apply-mutations.ts'
import { type FakeSpace, judge, type Judged, makeSpace, recordKey, serve } from './fake-space.ts'
import { NudgeStreams } from './nudge-streams.ts'

/** What a {@link FakePartner} is made of. */
export interface FakePartnerOptions {
  /** Name of the app that it serves; others are answered `other-app`. Default: it serves any. */
  readonly app?: string
  /** Judges each operation; null: accepted. Default: everything is accepted. */
  readonly refuse?: (op: Op) => FakeRefusal | null
  /** What becomes of a write on a record that has changed. Default: 'merge'. */
  readonly conflict?: ConflictPolicy
}

/** A state of a fake partner that it can be restored to. */
export interface FakeBackup {
  readonly spaces: ReadonlyMap<string, Readonly<FakeSpace>>
}

/**
 * The smallest partner for an app's tests: it speaks the real protocol and judges keys by the protocol's own table, in memory, at once,
 * and in one page. What it leaves out: authentication and authorization (everybody may everything), validators, limits, paging, and
 * deletions that wait for what they delete. Where those matter take the real partner, `web-sync-server/browser`, which answers by a
 * function of the same shape.
 *
 * @example
 * const partner = new FakePartner({ refuse: (op) => (op.op === 'delete' ? { message: 'nobody deletes here' } : null) })
 * const device = createTestDevice({ fetch: partner.fetch })
 */
export class FakePartner {
  readonly #options: FakePartnerOptions
  readonly #nudges = new NudgeStreams()
  #spaces = new Map<string, FakeSpace>()
  /** Of its records, as a partner's database has one. */
  readonly #partnerId = randomHex()
  #isOnline = true
  /** False: asks are answered 401, as when the sign-in has expired. */
  isSignedIn = true
  /** Mutations that arrived, repeated ones included, in their order. */
  readonly received: string[] = []

  constructor(options: FakePartnerOptions = {}) {
    this.#options = options
  }

  /** False: requests fail as they do without a network, and streams of nudges break. */
  get isOnline(): boolean {
    return this.#isOnline
  }

  set isOnline(isOnline: boolean) {
    this.#isOnline = isOnline
    if (!isOnline) this.#nudges.cut()
  }

  /** Answers like the global `fetch`. */
  readonly fetch: Fetch = async (url, init) => {
    if (!this.#isOnline) throw new TypeError('no network')
    if (init.method !== 'POST') return this.#nudges.open(url, init.signal)
    const parsed = parseWith(parseAsk, parseJson(init.body))
    if (!parsed.ok) return problem('malformed', null, { path: parsed.path })
    return this.isSignedIn ? this.#answer(parsed.value) : problem('unauthenticated', parsed.value.requestId)
  }

  /** Writes a record as a colleague would; devices that listen are nudged. */
  put(space: string, collection: string, value: JsonObject & { readonly id: string }): void {
    this.#write(space, collection, value.id, value)
  }

  /** Deletes a record as a colleague would. */
  delete(space: string, collection: string, id: string): void {
    this.#write(space, collection, id, null)
  }

  /** The record as the partner has it; null: there is none. */
  read(space: string, collection: string, id: string): JsonObject | null {
    return this.#spaces.get(space)?.records.get(recordKey(collection, id))?.value ?? null
  }

  /** The state as it is now. */
  backUp(): FakeBackup {
    return { spaces: copySpaces(this.#spaces) }
  }

  /** Goes back to a backup: what was accepted since is lost here, as after an accident. */
  restore(backup: FakeBackup): void {
    this.#spaces = copySpaces(backup.spaces)
  }

  #answer(ask: ReceivedAsk): Response {
    const { app = ask.app } = this.#options
    if (ask.app !== app) return problem('other-app', ask.requestId)
    const space = this.#space(ask.space)
    const judged = judge(space, ask)
    if (judged.type === 'refuse') return refuse(judged, ask.requestId)
    this.received.push(...ask.mutations.map(({ mutationId }) => mutationId))
    const before = space.head
    const outcomes = applyMutations(space, ask.mutations, {
      refuse: this.#options.refuse ?? (() => null),
      conflict: this.#options.conflict ?? 'merge',
      randomId: randomHex,
    })
    const { head, page } = serve(space, ask, judged, outcomes, randomHex)
    if (space.head !== before) this.#nudgeAll(space, head.partnershipId)
    return new Response(`${JSON.stringify({ ...head, partnerId: this.#partnerId })}\n${JSON.stringify(page)}\n`, {
      headers: headersOf(REPLY_CONTENT_TYPE),
    })
  }

  #write(name: string, collection: string, id: string, value: JsonObject | null): void {
    const space = this.#space(name)
    space.head += 1
    const version = makeVersion(space.head, randomHex().slice(0, 16))
    const place = { collection, id, version, mutationId: null }
    const records = new Map(space.records)
    if (value === null) records.delete(recordKey(collection, id))
    else records.set(recordKey(collection, id), { ...place, unseen: null, value })
    space.records = records
    space.log = [...space.log, value === null ? { type: 'delete', ...place } : { type: 'put', ...place, value }]
    this.#nudgeAll(space, null)
  }

  #nudgeAll(space: FakeSpace, author: string | null): void {
    const members = new Set(space.checkpoints.map(({ partnershipId }) => partnershipId))
    this.#nudges.nudge((partnershipId) => partnershipId !== author && members.has(partnershipId))
  }

  #space(name: string): FakeSpace {
    const space = this.#spaces.get(name) ?? makeSpace()
    this.#spaces.set(name, space)
    return space
  }
}

function copySpaces(spaces: ReadonlyMap<string, Readonly<FakeSpace>>): Map<string, FakeSpace> {
  return new Map([...spaces].map(([name, space]) => [name, { ...space }]))
}

function refuse({ verdict }: Extract<Judged, { type: 'refuse' }>, requestId: string): Response {
  switch (verdict.action) {
    case 'expired':
      return problem('expired', requestId, { reason: verdict.reason, reset: verdict.reset })
    case 'roll-back':
      return problem('invalid-key', requestId, { reason: verdict.reason, rollbackTo: verdict.rollbackTo })
    case 'malformed':
    case 'behind':
      return problem(verdict.action, requestId)
  }
}

function problem(code: keyof typeof PROBLEM_STATUS, requestId: string | null, facts: object = {}): Response {
  const status = PROBLEM_STATUS[code]
  const body = {
    protocol: PROTOCOL_VERSION,
    status,
    code,
    title: `The fake partner says: ${code}.`,
    requestId,
    ...facts,
  }
  return new Response(JSON.stringify(body), { status, headers: headersOf(PROBLEM_CONTENT_TYPE) })
}

function headersOf(contentType: string): Record<string, string> {
  return { 'content-type': contentType, 'cache-control': 'no-store', [PROTOCOL_HEADER]: String(PROTOCOL_VERSION) }
}

/** Undefined, which is no ask, for what is no JSON. */
function parseJson(body: unknown): unknown {
  try {
    return JSON.parse(body as string)
  } catch {
    return undefined
  }
}

/** 128 random bits as the protocol writes them. */
function randomHex(): string {
  return systemRandom.id()
}
