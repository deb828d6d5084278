import { DigestBuilder, isSameDigest, type Mutation, type Op, type Page, type ReplyLimit } from 'web-sync-protocol'
import { type ScriptedAnswer, ScriptedInitiator } from 'web-sync-server/testing'
import { Chance } from '../chance.ts'
import type { Step } from './history.ts'
import { COLLECTIONS, type Shared, type Subject, type SubjectMaker } from './subject.ts'

const DEVICES = 4
const START_MS = 1_700_000_000_000
const DAY_MS = 86_400_000
/** Bytes of an ask's values at most, and of an own write's. */
const WRITE_BYTES = 700_000
/** Mutations that a device may send again; how often it does, and each of them then. */
const KEPT_SENT = 60
const REPEAT_SHARE = 0.15
/** States that a device may be set back to. */
const KEPT_STATES = 12
/** Codes that say nothing against a storage: the key was of another history, or too old. */
const EXPECTED_PROBLEMS: ReadonlySet<string> = new Set(['invalid-key', 'expired'])

/** Where the storages began to differ, or a partner broke a promise. */
export interface Difference {
  /** Index of the step. */
  readonly step: number
  readonly text: string
}

/** What a history came to. */
export interface HistoryResult {
  readonly difference: Difference | null
  readonly asks: number
  readonly changes: number
  readonly bytes: number
}

/** Runs a history on all storages, each step on each, and compares what they say byte for byte; in the end what racing devices leave. */
export async function runHistory(maker: SubjectMaker, seed: number, steps: readonly Step[]): Promise<HistoryResult> {
  const shared: Shared = { nowMs: START_MS }
  const space = `space-${seed}-${(counter += 1)}`
  const subjects = await maker.make(shared, space)
  const run = new Run(subjects, shared, space)
  const difference = await findDifference(run, seed, steps)
  // Whatever was found before: what is left open here would stand in the way of the next history.
  const closed = await Promise.allSettled(subjects.map((subject) => subject.close()))
  const failed = closed.find((result) => result.status === 'rejected')
  if (difference !== null || failed === undefined) return { ...run.counts, difference }
  return { ...run.counts, difference: { step: steps.length, text: `close: threw ${String(failed.reason)}` } }
}

function toFault(error: unknown): string {
  return `threw ${String(error)}`
}

async function findDifference(run: Run, seed: number, steps: readonly Step[]): Promise<Difference | null> {
  for (const [index, step] of steps.entries()) {
    const fault = await run.perform(step).catch(toFault)
    if (fault !== null) return { step: index, text: `${step.type}: ${fault}` }
  }
  const fault = await run.race(seed).catch(toFault)
  return fault === null ? null : { step: steps.length, text: `race: ${fault}` }
}

/** An ask is composed once and sent to every partner, never by a device itself. */
function sentToAll(): Promise<Response> {
  return Promise.reject(new Error('asks are sent to all partners'))
}

/** Spaces of one database are never used twice. */
let counter = 0

interface Device {
  initiator: ScriptedInitiator
  /** Earlier states, newest last. */
  states: ScriptedInitiator[]
  /** What it has written lately, newest last; nearly all of it was sent, whatever became of it. */
  sent: readonly Mutation[]
}

class Run {
  readonly counts = { asks: 0, changes: 0, bytes: 0 }
  readonly #subjects: readonly Subject[]
  readonly #shared: Shared
  readonly #space: string
  readonly #devices: Device[] = []

  constructor(subjects: readonly Subject[], shared: Shared, space: string) {
    this.#subjects = subjects
    this.#shared = shared
    this.#space = space
    for (let index = 0; index < DEVICES; index += 1) {
      this.#devices.push(this.#newDevice(new Chance(index), `account-${index % 3}-${space}`))
    }
  }

  /** Performs one step everywhere; what differs, or null. */
  async perform({ type, seed }: Step): Promise<string | null> {
    const chance = new Chance(seed)
    for (const subject of this.#subjects) subject.reseed(seed)
    this.#shared.nowMs += 1_000
    const device = chance.pick(this.#devices)
    switch (type) {
      case 'ask':
        return this.#ask(chance, device, this.#drawMutations(chance, device), true)
      case 'pull':
        return this.#ask(chance, device, [], true)
      case 'lost':
        return this.#ask(chance, device, this.#drawMutations(chance, device), false)
      case 'own-write':
        return this.#ownWrite(chance)
      case 'set-back':
        if (device.states.length > 0) device.initiator = chance.pick(device.states).copy()
        return null
      case 'fresh-device':
        Object.assign(device, this.#newDevice(chance, device.initiator.options.account))
        return null
      case 'collections':
        device.initiator.collections = COLLECTIONS.filter((name) => name === 'notes' || chance.happens(0.5))
        return null
      case 'time':
        this.#shared.nowMs += chance.integer(60) * DAY_MS
        return null
      case 'prune':
        return this.#compare(chance, async (partner) => JSON.stringify(await partner.prune()))
      case 'erase-account':
        for (const { storage } of this.#subjects) await storage.eraseAccount(device.initiator.options.account)
        return null
    }
  }

  /** All devices write at the same time, through whichever process; in the end all storages have the same records. */
  async race(seed: number): Promise<string | null> {
    const contents: string[] = []
    for (const { partners, name } of this.#subjects) {
      const writes = Array.from({ length: 6 }, async (_, writer) =>
        partners[writer % partners.length]?.transact(this.#space, (tx) => {
          for (let index = 0; index < 20; index += 1) tx['notes']?.put({ id: `race-${writer}-${index}`, seed })
        }),
      )
      await Promise.all(writes)
      const reader = new ScriptedInitiator({
        account: 'reader',
        space: this.#space,
        collections: COLLECTIONS,
        fetch: (request) => partners[0]?.fetch(request) as Promise<Response>,
      })
      const pages = await reader.sync()
      const fault = findDigestFault(reader, pages.at(-1))
      if (fault !== null) return `${name}: ${fault}`
      const values = [...reader.records].map(([key, { value }]) => [key, value] as const)
      contents.push(JSON.stringify(values.toSorted(([a], [b]) => (a < b ? -1 : 1))))
    }
    return new Set(contents).size === 1 ? null : 'the records differ'
  }

  #newDevice(chance: Chance, account: string): Device {
    const space = this.#space
    const initiator = new ScriptedInitiator({ account, space, collections: COLLECTIONS, fetch: sentToAll })
    initiator.replicaId = chance.hex(32)
    return { initiator, states: [], sent: [] }
  }

  async #ask(
    chance: Chance,
    device: Device,
    mutations: readonly Mutation[],
    isApplied: boolean,
  ): Promise<string | null> {
    const { initiator } = device
    const requestId = chance.hex(32)
    const ask = initiator.compose(mutations, { requestId, limit: drawLimit(chance) })
    let answer: ScriptedAnswer | null = null
    this.counts.asks += 1
    const fault = await this.#compare(chance, async (partner) => {
      let text = ''
      const fetch = async (request: Request): Promise<Response> => {
        const response = await partner.fetch(request)
        text = `${response.status} ${await response.text()}`
        return new Response(text.slice(text.indexOf(' ') + 1), { status: response.status })
      }
      answer = await initiator.copy({ fetch }).send(ask)
      this.counts.bytes += text.length
      return text
    })
    if (fault !== null || answer === null) return fault
    return isApplied ? this.#apply(device, answer) : null
  }

  #apply(device: Device, answer: ScriptedAnswer): string | null {
    const { initiator } = device
    if (answer.type === 'problem') {
      const { code } = answer.problem
      if (!EXPECTED_PROBLEMS.has(code)) return `problem ${code}`
      const { account } = initiator.options
      Object.assign(device, this.#newDevice(new Chance(this.counts.asks), account))
      return null
    }
    for (const page of answer.pages) {
      initiator.apply(answer.head, page)
      this.counts.changes += page.changes.length
      const fault = findDigestFault(initiator, page)
      if (fault !== null) return fault
    }
    device.states = [...device.states, initiator.copy()].slice(-KEPT_STATES)
    return null
  }

  async #ownWrite(chance: Chance): Promise<string | null> {
    const count = chance.happens(0.5) ? 60 + chance.integer(240) : 1 + chance.integer(8)
    const ops = drawSizes(chance, count).map((size) => ({
      name: drawId(chance),
      collection: chance.pick(COLLECTIONS),
      size,
      isDelete: chance.happens(0.2),
    }))
    return this.#compare(chance, async (partner) =>
      JSON.stringify(
        await partner.transact(this.#space, (tx) => {
          for (const { name, collection, size, isDelete } of ops) {
            if (isDelete) tx[collection]?.delete(name)
            else tx[collection]?.put({ id: name, text: 'x'.repeat(size) })
          }
        }),
      ),
    )
  }

  /** New ones, and now and then some that were sent before: they were answered, or never arrived, or are known no more. */
  #drawMutations(chance: Chance, device: Device): readonly Mutation[] {
    const again = chance.happens(REPEAT_SHARE) ? device.sent.filter(() => chance.happens(REPEAT_SHARE)) : []
    const drawn = this.#drawNew(chance, device)
    device.sent = [...device.sent, ...drawn].slice(-KEPT_SENT)
    // The first of several is held back: a deletion may be made on it before it arrives.
    const mutations = [...again, ...(drawn.length > 1 ? drawn.slice(1) : drawn)]
    return mutations.map((mutation, index) => ({ ...mutation, order: index + 1 }))
  }

  #drawNew(chance: Chance, device: Device): readonly Mutation[] {
    const kind = chance.weighted({ few: 10, some: 4, many: 4, beyond: 1 })
    const count = {
      few: 1 + chance.integer(5),
      some: 20 + chance.integer(80),
      many: 190 + chance.integer(67),
      beyond: 257 + chance.integer(60),
    }[kind]
    return drawSizes(chance, count).map((size, order) => {
      const ops = Array.from({ length: chance.happens(0.1) ? 3 : 1 }, () => drawOp(chance, device, size / 3))
      return { mutationId: chance.uuid(), order: order + 1, ops }
    })
  }

  /** Does the same with each subject, through a process that is drawn; what differs, or null. */
  async #compare(
    chance: Chance,
    act: (partner: Subject['partners'][number]) => Promise<string>,
  ): Promise<string | null> {
    const turn = chance.integer(2)
    let expected: { readonly name: string; readonly text: string } | null = null
    for (const { name, partners } of this.#subjects) {
      const partner = partners[turn % partners.length]
      if (partner === undefined) throw new Error('a subject has no partner')
      const text = await act(partner).catch((error: unknown) => `threw ${String(error)}`)
      expected ??= { name, text }
      if (expected.text !== text) return describe(expected, { name, text })
    }
    return null
  }
}

function describe(
  a: { readonly name: string; readonly text: string },
  b: { readonly name: string; readonly text: string },
): string {
  let at = 0
  while (at < a.text.length && a.text[at] === b.text[at]) at += 1
  const part = (text: string): string => text.slice(Math.max(0, at - 60), at + 100)
  return `at ${at}: ${a.name} …${part(a.text)}… ${b.name} …${part(b.text)}…`
}

function findDigestFault(initiator: ScriptedInitiator, page: Page | undefined): string | null {
  if (page === undefined || page.digest === null) return null
  const builder = new DigestBuilder()
  for (const [name, { version }] of initiator.records) builder.replace(name.slice(0, name.indexOf('/')), null, version)
  return isSameDigest(page.digest, builder.build(), page.collections)
    ? null
    : 'a page leads to other records than its digest says'
}

function drawLimit(chance: Chance): ReplyLimit {
  return {
    changes: chance.pick([1, 7, 64, 65, 100, 256, 257, 500, 2_000]),
    bytes: chance.pick([1, 20_000, 300_000, 1_048_576, 4_000_000]),
    pages: chance.pick([1, 2, 5, 30]),
  }
}

/** Sizes of values, most small, some large, together within what one write may have. */
function drawSizes(chance: Chance, count: number): readonly number[] {
  let left = WRITE_BYTES
  return Array.from({ length: count }, () => {
    const drawn = chance.happens(0.03) ? chance.integer(250_000) : 10 + chance.integer(120)
    const size = Math.min(drawn, left)
    left -= size
    return size
  })
}

/** Some of them are in another order by code units than by bytes. */
function drawId(chance: Chance): string {
  return `${chance.pick(['a', 'B', 'ä', '\u{10000}', '\uffee', '\ue000'])}${chance.integer(80)}`
}

function drawOp(chance: Chance, { initiator, sent }: Device, size: number): Op {
  const collection = chance.pick(COLLECTIONS)
  const id = drawId(chance)
  const base = initiator.records.get(`${collection}/${id}`)?.version ?? null
  const earlier = sent.findLast(({ ops }) => ops.some((op) => op.collection === collection && op.id === id))
  const made = earlier === undefined || chance.happens(0.5) ? {} : { baseMutation: earlier.mutationId }
  // Of what is not there (any more) only a deletion that names what it was made on says something.
  if (base === null && earlier !== undefined && chance.happens(0.3)) {
    return { op: 'delete', collection, id, base, baseMutation: earlier.mutationId }
  }
  const op = base === null ? 'insert' : chance.weighted({ put: 2, patch: 4, delete: 2, insert: 1 })
  if (op === 'delete') return { op, collection, id, base, ...made }
  const text = 'x'.repeat(Math.floor(size))
  if (op === 'patch') return { op, collection, id, base, ...made, value: { [`f${chance.integer(4)}`]: text } }
  if (op === 'insert') return { op, collection, id, base: null, value: { id, text } }
  return { op, collection, id, base, ...made, value: { id, text } }
}
