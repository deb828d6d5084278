import {
  collection,
  defineSchema,
  type JsonObject,
  LIMITS,
  type Mutation,
  type Op,
  type Outcome,
} from 'web-sync-protocol'
import { describe, expect, test } from 'vitest'
import type { PartnerOptions, PartnerStorage } from '../index.ts'
import { mutationOf, type ScriptedInitiator } from './scripted-initiator.ts'
import { type StorageCosts, StorageMeter } from './storage-meter.fixture.ts'
import { testPartner, type TestPartner } from './test-partner.fixture.ts'

const LARGE = 250_000
const MIB = 1_048_576

const insert = (id: string, value: JsonObject = {}): Op => ({
  op: 'insert',
  collection: 'notes',
  id,
  base: null,
  value: { id, ...value },
})
const patch = (id: string, base: string | null, value: JsonObject): Op => ({
  op: 'patch',
  collection: 'notes',
  id,
  base,
  value,
})
/**
 * A deletion of a record that is not there; its author knew as many mutations that had made it as
 * may be named.
 */
const deletionOfLost = (id: string): Op => {
  const [baseMutation = '', ...mutations] = Array.from({ length: LIMITS.priorMutations + 1 }, () => crypto.randomUUID())
  return { op: 'delete', collection: 'notes', id, base: `7-${'0'.repeat(16)}`, baseMutation, mutations }
}
const versionOf = (initiator: ScriptedInitiator, id: string): string => {
  const held = initiator.records.get(`notes/${id}`)
  if (held === undefined) throw new Error(`there is no ${id}`)
  return held.version
}

/** One ask and what it cost. */
interface Answered {
  readonly outcomes: readonly Outcome[]
  readonly bytesUp: number
  readonly bytesDown: number
  readonly costs: StorageCosts
}

class Scene {
  readonly meter = new StorageMeter()
  readonly world: TestPartner
  /** Ids of records that the rule forbids to touch. */
  readonly forbidden = new Set<string>()

  constructor(storage: PartnerStorage, options: Partial<PartnerOptions> = {}) {
    this.world = testPartner({
      storage: this.meter.wrap(storage),
      authorize: ({ account }) => (account === 'reader' ? 'read' : 'write'),
      allow: ({ op }) => (this.forbidden.has(op.id) ? { message: 'not this one' } : true),
      ...options,
    })
  }

  /** Asks, reads all pages and applies them. */
  async ask(initiator: ScriptedInitiator, mutations: readonly Mutation[]): Promise<Answered> {
    this.meter.take()
    const ask = initiator.compose(mutations)
    const answer = await initiator.send(ask)
    if (answer.type === 'problem') throw new Error(answer.problem.code)
    const costs = this.meter.take()
    for (const page of answer.pages) initiator.apply(answer.head, page)
    const outcomeById = new Map(answer.pages.flatMap(({ outcomes }) => outcomes).map((each) => [each.mutationId, each]))
    const outcomes = mutations.flatMap(({ mutationId }) => outcomeById.get(mutationId) ?? [])
    if (outcomes.length !== mutations.length) throw new Error('a mutation has no outcome')
    const bytesDown = JSON.stringify(answer.pages).length
    return { outcomes, bytesUp: JSON.stringify(ask).length, bytesDown, costs }
  }

  /** Asks until nothing is `later`; no ask may bring the outbox no further. */
  async drain(initiator: ScriptedInitiator, mutations: readonly Mutation[]): Promise<readonly Answered[]> {
    const asks: Answered[] = []
    for (let left = mutations; left.length > 0;) {
      const answered = await this.ask(initiator, left)
      const first = answered.outcomes.findIndex(({ type }) => type === 'later')
      const done = first < 0 ? left.length : first
      if (done === 0) throw new Error('the first mutation was not tried')
      if (!answered.outcomes.slice(done).every(({ type }) => type === 'later')) throw new Error('one passed by another')
      left = left.slice(done)
      asks.push(answered)
    }
    return asks
  }
}

/** Five mutations of 20 deletions each, see {@link deletionOfLost}. */
const askToDeleteLost = async (scene: Scene): Promise<Answered> => {
  const ann = scene.world.initiator()
  await ann.sync()
  const deletions = ['a', 'b', 'c', 'd', 'e'].map((name) =>
    mutationOf(...Array.from({ length: 20 }, (_, index) => deletionOfLost(`${name}${index}`))),
  )
  return scene.ask(ann, deletions)
}

const sumOf = (asks: readonly Answered[], name: keyof StorageCosts): number =>
  asks.reduce((sum, { costs }) => sum + costs[name], 0)

/** What an ask may cost in sum, whatever it brings, on any storage. `create` opens a new, empty one. */
export function testAskCosts(name: string, create: () => PartnerStorage | Promise<PartnerStorage>): void {
  describe(`what an ask costs a partner on ${name}`, () => {
    test('81 KB of a member who may only read are answered and stored with as much, and no record is read', async () => {
      const scene = new Scene(await create())
      const ann = scene.world.initiator()
      await ann.sync()
      for (const id of ['0', '1', '2', '3']) await ann.sync([mutationOf(insert(id, { text: 'x'.repeat(LARGE) }))])
      const reader = scene.world.initiator({ account: 'reader' })
      await reader.sync()
      const four = ['0', '1', '2', '3'].map((id) => insert(id))
      const { outcomes, bytesUp, bytesDown, costs } = await scene.ask(
        reader,
        Array.from({ length: 250 }, () => mutationOf(...four)),
      )
      expect(new Set(outcomes.map((outcome) => 'code' in outcome && outcome.code))).toEqual(new Set(['read-only']))
      expect(bytesUp).toBeGreaterThan(81_000)
      expect(bytesDown).toBeLessThan(bytesUp)
      expect(costs.bytesWritten).toBeLessThan(2 * bytesUp)
      expect(costs.bytesRead).toBeLessThan(LARGE)
    })

    test('refused edits of a large record: an honest device with 300 of them drains, in small answers', async () => {
      const scene = new Scene(await create())
      const ann = scene.world.initiator()
      await ann.sync()
      await ann.sync([mutationOf(insert('r', { text: 'x'.repeat(LARGE) }))])
      scene.forbidden.add('r')
      const base = versionOf(ann, 'r')
      const edits = Array.from({ length: 300 }, (_, n) => mutationOf(patch('r', base, { n })))
      const asks = await scene.drain(ann, edits)
      expect(asks).toHaveLength(1)
      expect(asks[0]?.outcomes.every((outcome) => outcome.type === 'refused')).toBe(true)
      expect(asks[0]?.bytesDown).toBeLessThan(300 * 250)
      // The record is read once for all; each refusal is small on disk.
      expect(sumOf(asks, 'bytesRead')).toBeLessThan(2 * LARGE)
      expect(sumOf(asks, 'bytesWritten')).toBeLessThan(300 * 700)
    })

    test('accepted edits of a large record write 8 MiB and one mutation in each ask, and all arrive', async () => {
      const scene = new Scene(await create())
      const ann = scene.world.initiator()
      await ann.sync()
      await ann.sync([mutationOf(insert('r', { text: 'x'.repeat(LARGE) }))])
      let baseMutation: string | undefined
      const base = versionOf(ann, 'r')
      const edits = Array.from({ length: 60 }, (_, n) => {
        const edit = mutationOf({
          ...patch('r', base, { n }),
          ...(baseMutation === undefined ? {} : { baseMutation }),
        })
        baseMutation = edit.mutationId
        return edit
      })
      const asks = await scene.drain(ann, edits)
      expect(asks).toHaveLength(2)
      for (const { costs } of asks) expect(costs.bytesWritten).toBeLessThan(9.5 * MIB)
      expect(sumOf(asks, 'bytesWritten')).toBeLessThan(60 * (LARGE + 3_000))
      expect(await scene.world.partner.read('s1', 'notes', 'r')).toMatchObject({ value: { n: 59 } })
    })

    test('edits of many large records read 8 MiB and one mutation in each ask', async () => {
      const scene = new Scene(await create())
      const ids = Array.from({ length: 50 }, (_, index) => `r${index}`)
      const text = 'x'.repeat(LARGE)
      await scene.world.partner.importRecords(
        's1',
        'notes',
        ids.map((id) => ({ id, text })),
      )
      const ann = scene.world.initiator()
      await ann.sync()
      for (const id of ids) scene.forbidden.add(id)
      const asks = await scene.drain(
        ann,
        ids.map((id) => mutationOf(patch(id, versionOf(ann, id), { n: 1 }))),
      )
      for (const { costs } of asks) expect(costs.bytesRead).toBeLessThan(9.5 * MIB)
      expect(sumOf(asks, 'bytesRead')).toBeLessThan(1.3 * 50 * LARGE)
    })

    test('work is bounded too: of 300 patches of a wide record each ask checks a few, and one mutation with all is refused', async () => {
      let checks = 0
      const validator = {
        '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ((checks += 1), { value }) },
      } as const
      const schema = defineSchema({
        app: 'test',
        version: 1,
        collections: { notes: collection(validator as never) },
      })
      const scene = new Scene(await create(), { schema })
      const ann = scene.world.initiator()
      await ann.sync()
      const wide = Object.fromEntries(Array.from({ length: 19_990 }, (_, index) => [`k${index}`, 0]))
      await ann.sync([mutationOf(insert('w', wide))])
      const base = versionOf(ann, 'w')
      checks = 0
      const all = Array.from({ length: 300 }, (_, n) => patch('w', base, { n }))
      const { outcomes } = await scene.ask(ann, [mutationOf(...all), ...all.map((op) => mutationOf(op))])
      expect(outcomes[0]).toMatchObject({ type: 'refused', code: 'too-large' })
      expect(outcomes.at(-1)?.type).toBe('later')
      expect(checks).toBeLessThan(LIMITS.mutationWork / 19_990)
      checks = 0
      const [first] = (
        await scene.ask(
          ann,
          all.map((op) => mutationOf(op)),
        )
      ).outcomes
      expect(first?.type).toBe('accepted')
      expect(checks).toBeLessThan(12)
    })

    test('the first mutation is tried whatever an ask may cost, so that each ask brings the outbox further', async () => {
      const limits = { opsPerAsk: 1, workPerAsk: 1, bytesPerAsk: 1 }
      const scene = new Scene(await create(), { limits })
      const ann = scene.world.initiator()
      await ann.sync()
      const mutations = Array.from({ length: 5 }, (_, n) => mutationOf(insert(`a${n}`), insert(`b${n}`)))
      const asks = await scene.drain(ann, mutations)
      expect(asks).toHaveLength(5)
      // Duplicates are first ones too.
      expect(await scene.drain(ann, mutations)).toHaveLength(5)
    })

    test('deletions that wait for many mutations count each of them', async () => {
      const few = await askToDeleteLost(new Scene(await create(), { limits: { workPerAsk: 2_000 } }))
      expect(few.outcomes.map(({ type }) => type)).toEqual(['accepted', 'later', 'later', 'later', 'later'])
      expect(few.costs.rowsWritten).toBeLessThan(2 * 20 * LIMITS.priorMutations)
      const all = await askToDeleteLost(new Scene(await create()))
      expect(new Set(all.outcomes.map(({ type }) => type))).toEqual(new Set(['accepted']))
      expect(all.costs.rowsWritten).toBeGreaterThan(5 * 20 * LIMITS.priorMutations)
    })

    test('an import of many large records: no transaction reads or writes more than 8 MiB and one record', async () => {
      const scene = new Scene(await create())
      const text = 'x'.repeat(LARGE)
      const records = Array.from({ length: 80 }, (_, index) => ({ id: `r${index}`, text }))
      const batches: number[] = []
      let written = 0
      scene.meter.take()
      await scene.world.partner.importRecords('s1', 'notes', records, {
        onProgress: () => {
          const { bytesWritten } = scene.meter.take()
          written += bytesWritten
          batches.push(bytesWritten)
        },
      })
      expect(batches).toHaveLength(3)
      for (const bytes of batches) expect(bytes).toBeLessThan(9 * MIB)
      expect(written).toBeGreaterThan(80 * LARGE)
      const tooLarge = { id: 'z', text: 'x'.repeat(LIMITS.recordBytes) }
      // The place in the import, not in its batch.
      await expect(scene.world.partner.importRecords('s1', 'notes', [...records, tooLarge])).rejects.toThrow(
        'record 81 ',
      )
    })

    test('a refusal’s text is cut, whatever the app’s rule says', async () => {
      const scene = new Scene(await create(), {
        allow: () => ({ message: 'm'.repeat(5_000), path: 'p'.repeat(5_000) }),
      })
      const ann = scene.world.initiator()
      await ann.sync()
      const [outcome] = (await scene.ask(ann, [mutationOf(insert('a'))])).outcomes
      if (outcome?.type !== 'refused') throw new Error('it was not refused')
      expect(outcome.message.length).toBeLessThanOrEqual(LIMITS.refusalText)
      expect(outcome.path.length).toBeLessThanOrEqual(LIMITS.refusalText)
    })
  })
}
