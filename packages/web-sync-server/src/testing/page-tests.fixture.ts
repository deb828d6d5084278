import { type Digest, DigestBuilder, type Mutation, type Page } from 'web-sync-protocol'
import { describe, expect, test } from 'vitest'
import type { PartnerStorage } from '../index.ts'
import { readingWith } from './meddle.fixture.ts'
import { mutationOf, type ScriptedInitiator } from './scripted-initiator.ts'
import { testPartner, type TestPartner } from './test-partner.fixture.ts'

/** Pages of a few megabytes, one for each answer. */
const ONE_PAGE = { changes: 500, bytes: 4_000_000, pages: 1 }

const inserts = (name: string, count: number): Mutation[] =>
  Array.from({ length: count }, (_, index) => {
    const id = `${name}${index}`
    return mutationOf({ op: 'insert', collection: 'notes', id, base: null, value: { id } })
  })

const digestOf = ({ records }: ScriptedInitiator): Digest => {
  const builder = new DigestBuilder()
  for (const { version } of records.values()) builder.replace('notes', null, version)
  return builder.build()
}

const numbersOf = (page: Page | undefined): number[] =>
  (page?.changes ?? []).map(({ version }) => Number.parseInt(version, 10))

const upTo = (count: number, from = 1): number[] => Array.from({ length: count }, (_, index) => from + index)

const none = (_number: number): boolean => false

/** What holds for the pages of a partner on any storage. `create` opens a new, empty one. */
export function testPages(name: string, create: () => PartnerStorage | Promise<PartnerStorage>): void {
  describe(`pages of a partner on ${name}`, () => {
    test.each([500, 100])(
      'a device that has missed 100 changes and brings 250 of its own hears of all 350, in pages of %i',
      async (changes) => {
        const world = testPartner({ storage: await create() })
        const { ann } = await annMisses(world, 100)
        const answer = await ann.send(ann.compose(inserts('ann', 250), { limit: { ...ONE_PAGE, changes } }))
        if (answer.type !== 'reply') throw new Error(answer.problem.code)
        const [page] = answer.pages
        expect(numbersOf(page)).toEqual(upTo(Math.min(changes, 350)))
        ann.apply(answer.head, page as Page)
        expect(page?.digest ?? digestOf(ann)).toEqual(digestOf(ann))
        const rest = await ann.sync()
        expect(ann.records.size).toBe(350)
        expect(rest.at(-1)?.digest).toEqual(digestOf(ann))
      },
    )

    test('what a page brings is what is read for it, not many times as much', async () => {
      const counter = { bytes: 0 }
      const storage = readingWith(await create(), {
        log: (rows) => {
          for (const { value } of rows) counter.bytes += value?.length ?? 0
          return rows
        },
      })
      const world = testPartner({ storage })
      const writer = world.initiator()
      await writer.sync()
      const other = world.initiator({ account: 'ben' })
      const tags = world.initiator({ account: 'eve', collections: ['tags'] })
      await Promise.all([other.sync(), tags.sync()])
      for (let edit = 0; edit < 40; edit += 1) {
        const value = { id: 'r', text: 'x'.repeat(100_000), edit }
        await world.partner.transact('s1', (tx) => tx['notes']?.put(value))
      }
      counter.bytes = 0
      const pages = await other.sync([], { limit: { changes: 2_000, bytes: 300_000, pages: 1_000 } })
      expect(pages.flatMap(numbersOf)).toEqual(upTo(40))
      const sent = pages.reduce((sum, { changes }) => sum + JSON.stringify(changes).length, 0)
      expect(counter.bytes).toBeLessThan(2 * sent)
      counter.bytes = 0
      await tags.sync()
      // What is read ahead before it is known which collections are asked for, and no more.
      expect(counter.bytes).toBeLessThan(400_000)
    })

    test('a snapshot reads no more than its pages send', async () => {
      const counter = { bytes: 0 }
      const storage = readingWith(await create(), {
        records: (rows) => {
          for (const { value } of rows) counter.bytes += value.length
          return rows
        },
      })
      const world = testPartner({ storage })
      await world.partner.transact('s1', (tx) => {
        for (let index = 0; index < 40; index += 1) tx['notes']?.put({ id: `r${index}`, text: 'x'.repeat(20_000) })
      })
      const ann = world.initiator()
      const pages = await ann.sync([], { limit: { changes: 2_000, bytes: 100_000, pages: 1_000 } })
      expect(ann.records.size).toBe(40)
      const sent = pages.reduce((sum, { changes }) => sum + JSON.stringify(changes).length, 0)
      expect(counter.bytes).toBeLessThan(2 * sent)
    })

    test('a log with a hole fails the exchange: nothing is sent or stored, and the operator is told', async () => {
      let isHole = none
      const storage = readingWith(await create(), { log: (rows) => rows.filter(({ number }) => !isHole(number)) })
      const world = testPartner({ storage })
      const { ann } = await annMisses(world, 20)
      const before = ann.copy()
      for (const hole of [(number: number) => number === 7, (number: number) => number <= 3, () => true]) {
        isHole = hole
        const events = world.events.length
        const own = inserts('ann', 1)
        const answer = await ann.send(ann.compose(own))
        expect(answer).toMatchObject({ type: 'problem', status: 503, problem: { code: 'busy' } })
        expect(world.events.slice(events)).toContainEqual(
          expect.objectContaining({ type: 'error', error: expect.objectContaining({ code: 'incomplete' }) as unknown }),
        )
        expect(await world.partner.read('s1', 'notes', 'ann0')).toBeNull()
      }
      expect(ann.key).toEqual(before.key)
      isHole = none
      await ann.sync(inserts('ann', 1))
      expect(ann.records.size).toBe(21)
    })

    test('a hole in a collection that is not asked for is a hole too: the key would move past it', async () => {
      let isSpoilt = true
      const storage = readingWith(await create(), {
        log: (rows) => (isSpoilt ? rows.filter(({ number }) => number !== 2) : rows),
      })
      const world = testPartner({ storage })
      const ann = world.initiator({ collections: ['tags'] })
      await ann.sync()
      for (const id of ['a', 'b', 'c']) await world.partner.transact('s1', (tx) => tx['notes']?.put({ id }))
      await world.partner.transact('s1', (tx) => tx['tags']?.put({ id: 'd' }))
      expect(await ann.send(ann.compose())).toMatchObject({ status: 503, problem: { code: 'busy' } })
      isSpoilt = false
      await ann.sync()
      expect(ann.records.size).toBe(1)
    })

    test('a hole behind the first page ends the stream there; what came before it stays valid', async () => {
      let isSpoilt = false
      const storage = readingWith(await create(), {
        log: (rows) => (isSpoilt ? rows.filter(({ number }) => number !== 15) : rows),
      })
      const world = testPartner({ storage })
      const { ann } = await annMisses(world, 40)
      const limit = { changes: 10, bytes: 1_000_000, pages: 100 }
      const response = await world.partner.fetch(ann.request(JSON.stringify(ann.compose([], { limit }))))
      const reader = response.body?.getReader()
      expect((await reader?.read())?.done).toBe(false)
      isSpoilt = true
      await expect(reader?.read()).rejects.toThrow('nothing was stored or sent')
      isSpoilt = false
      await ann.sync([], { limit })
      expect(ann.records.size).toBe(40)
    })

    test('a snapshot that leaves a record out, or is in another order, is not sent', async () => {
      let spoil: 'leave-out' | 'reverse' | 'nothing' = 'leave-out'
      const storage = readingWith(await create(), {
        records: (rows) => {
          if (spoil === 'leave-out') return rows.filter(({ id }) => id !== 'r5')
          return spoil === 'reverse' ? rows.toReversed() : rows
        },
      })
      const world = testPartner({ storage })
      await world.partner.transact('s1', (tx) => {
        for (let index = 0; index < 9; index += 1) tx['notes']?.put({ id: `r${index}` })
      })
      const ann = world.initiator()
      expect(await ann.send(ann.compose())).toMatchObject({ status: 503, problem: { code: 'busy' } })
      spoil = 'reverse'
      expect(await ann.send(ann.compose())).toMatchObject({ status: 503, problem: { code: 'busy' } })
      spoil = 'nothing'
      await ann.sync()
      expect(ann.records.size).toBe(9)
    })

    test('the answer to a request that comes twice has no hole either', async () => {
      let isSpoilt = false
      const storage = readingWith(await create(), {
        log: (rows) => (isSpoilt ? rows.slice(1) : rows),
      })
      const world = testPartner({ storage })
      const { ann } = await annMisses(world, 300, 150)
      const ask = ann.compose([], { limit: ONE_PAGE })
      const before = ann.copy()
      const answer = await ann.send(ask)
      if (answer.type !== 'reply') throw new Error(answer.problem.code)
      for (const page of answer.pages) ann.apply(answer.head, page)
      await ann.sync()
      isSpoilt = true
      expect(await before.send(ask)).toMatchObject({ status: 503, problem: { code: 'busy' } })
      isSpoilt = false
      const again = await before.send(ask)
      if (again.type !== 'reply') throw new Error(again.problem.code)
      expect(numbersOf(again.pages[0])).toEqual(upTo(300))
    })
  })
}

/** ann has synced with nothing there; then ben has written records, some in each ask. */
async function annMisses(
  world: TestPartner,
  changes: number,
  perAsk = 1,
): Promise<{ readonly ann: ScriptedInitiator }> {
  const ann = world.initiator()
  await ann.sync()
  const ben = world.initiator({ account: 'ben' })
  await ben.sync()
  const mutations = inserts('ben', changes)
  for (let sent = 0; sent < changes; sent += perAsk) await ben.sync(mutations.slice(sent, sent + perAsk))
  return { ann }
}
