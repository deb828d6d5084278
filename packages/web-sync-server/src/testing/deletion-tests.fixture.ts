import { isSameDigest, LIMITS, type Mutation, type Op, type Outcome, type Page } from 'web-sync-protocol'
import { describe, expect, test } from 'vitest'
import type { PartnerStorage } from '../index.ts'
import { mutationOf, type ScriptedInitiator } from './scripted-initiator.ts'
import { testPartner, type TestPartner } from './test-partner.fixture.ts'

const DAY_MS = 86_400_000
const NOTE = { collection: 'notes', id: 'a' } as const

const insert = (id = 'a'): Mutation => mutationOf({ op: 'insert', collection: 'notes', id, base: null, value: { id } })

/** A deletion of what another device has made, as it was in a history that is lost. */
const deletionOf = ({ mutationId }: Mutation, base: string | null = `7-${'0'.repeat(16)}`): Mutation =>
  mutationOf({ op: 'delete', ...NOTE, base, baseMutation: mutationId })

const madeAt = (mutation: Mutation, id: string, number: number): Mutation => ({ ...mutation, origin: { id, number } })

const typesOf = (pages: readonly Page[]): string[] =>
  pages.flatMap(({ outcomes }) => outcomes.map((outcome) => ('code' in outcome ? outcome.code : outcome.type)))

const outcomesOf = (pages: readonly Page[]): readonly Outcome[] => pages.flatMap(({ outcomes }) => outcomes)

const waitingIn = ({ storage }: TestPartner): Promise<number> =>
  storage.read('s1', async (tx) => (await tx.listAwaitingDeletes(NOTE.collection, NOTE.id)).length)

const readNote = async ({ partner }: TestPartner): Promise<unknown> =>
  (await partner.read('s1', NOTE.collection, NOTE.id))?.value ?? null

const member = async (world: TestPartner, account: string): Promise<ScriptedInitiator> => {
  const initiator = world.initiator({ account })
  await initiator.sync()
  return initiator
}

/** So many days pass, and retention runs. */
const pass = async (world: TestPartner, days: number): Promise<void> => {
  world.clock.ms += days * DAY_MS
  await world.partner.prune()
}

/** What holds for deletions on a partner on any storage, for all time. `create` opens a new, empty one. */
export function testDeletions(name: string, create: () => PartnerStorage | Promise<PartnerStorage>): void {
  const open = async (): Promise<TestPartner> => testPartner({ storage: await create() })

  describe(`deletions on ${name}, for all time`, () => {
    test.each([91, 401, 4_000])('one that waits for what it deletes waits %i days, too', async (days) => {
      const world = await open()
      const lost = insert()
      await (await member(world, 'ben')).sync([deletionOf(lost)])
      await pass(world, days)
      await pass(world, days)
      expect(typesOf(await (await member(world, 'ann')).sync([lost]))).toEqual(['accepted'])
      expect(await readNote(world)).toBeNull()
      expect(await waitingIn(world)).toBe(0)
    })

    test('it waits for an edit through the years in which only what that was made on came', async () => {
      const world = await open()
      const made = insert()
      const edit = mutationOf({ op: 'patch', ...NOTE, base: null, baseMutation: made.mutationId, value: { text: 'x' } })
      await (await member(world, 'ben')).sync([deletionOf(edit)])
      await pass(world, 500)
      await (await member(world, 'ann')).sync([made])
      await pass(world, 500)
      expect(typesOf(await (await member(world, 'ann')).sync([edit]))).toEqual(['accepted'])
      expect(await readNote(world)).toBeNull()
    })

    test('an accepted deletion says which mutations had made the record: the first and the latest', async () => {
      const world = await open()
      const [ann, ben] = [await member(world, 'ann'), await member(world, 'ben')]
      const chain = [insert()]
      await ann.sync(chain)
      for (let index = 0; index < 20; index += 1) {
        await ben.sync()
        const base = ben.records.get('notes/a')?.version as string
        const on = { base, baseMutation: chain.at(-1)?.mutationId as string }
        chain.push(mutationOf({ op: 'patch', ...NOTE, ...on, value: { n: index } }))
        await ben.sync(chain.slice(-1))
      }
      await ann.sync()
      const last = deletionOf(chain.at(-1) as Mutation, ann.records.get('notes/a')?.version ?? null)
      const ids = chain.map(({ mutationId }) => mutationId)
      const named = [ids[0], ...ids.slice(1 - LIMITS.priorMutations)]
      const versions = [{ ...NOTE, version: null, mutations: named }]
      const accepted = { mutationId: last.mutationId, type: 'accepted', merged: false, versions }
      expect(outcomesOf(await ann.sync([last]))).toEqual([{ ...accepted, duplicate: false }])
      // Sent again it names them; it is the same deletion.
      const again = mutationOf({ ...(last.ops[0] as Op & { op: 'delete' }), mutations: named as string[] })
      const repeated = { ...again, mutationId: last.mutationId }
      expect(outcomesOf(await ann.sync([repeated]))).toEqual([{ ...accepted, duplicate: true }])
    })

    test.each([
      ['put', mutationOf({ op: 'put', ...NOTE, base: null, value: { id: 'a', text: 'again' } })],
      ['inserted', mutationOf({ op: 'insert', ...NOTE, base: null, value: { id: 'a', text: 'again' } })],
    ])('what its own transaction has %s again stays, and the digest is right', async (_, { ops }) => {
      const world = await open()
      const ben = await member(world, 'ben')
      const both: Mutation = { ...deletionOf(insert()), ops: [...deletionOf(insert()).ops, ...ops] }
      expect(typesOf(await ben.sync([both]))).toEqual(['accepted'])
      expect(await readNote(world)).toEqual({ id: 'a', text: 'again' })
      expect(await waitingIn(world)).toBe(0)
      const fresh = await member(world, 'ann')
      for (const initiator of [ben, fresh]) {
        await initiator.sync()
        expect(initiator.records.get('notes/a')?.value).toEqual({ id: 'a', text: 'again' })
      }
      const { digest } = await world.partner.inspect('s1')
      expect(isSameDigest(digest, fresh.recount(), ['notes'])).toBe(true)
    })

    test('what its own transaction has made again and deleted is waited for', async () => {
      const world = await open()
      const lost = insert()
      const [remake] = mutationOf({ op: 'put', ...NOTE, base: null, value: { id: 'a', text: 'again' } }).ops as [Op]
      const remove = deletionOf(lost)
      await (await member(world, 'ben')).sync([{ ...remove, ops: [...remove.ops, remake, ...remove.ops] }])
      expect(await readNote(world)).toBeNull()
      expect(await waitingIn(world)).toBe(1)
      expect(typesOf(await (await member(world, 'ann')).sync([lost]))).toEqual(['accepted'])
      expect(await readNote(world)).toBeNull()
    })

    describe('after a restore that lost everything, a deletion that names what had made the record', () => {
      const made = insert()
      const edit = mutationOf({ op: 'patch', ...NOTE, base: null, baseMutation: made.mutationId, value: { text: 'x' } })
      const lost = mutationOf({ op: 'patch', ...NOTE, base: null, baseMutation: edit.mutationId, value: { text: 'y' } })
      const unseen = mutationOf({ op: 'patch', ...NOTE, base: null, baseMutation: edit.mutationId, value: { n: 1 } })
      const deletion = mutationOf({
        op: 'delete',
        ...NOTE,
        base: `7-${'0'.repeat(16)}`,
        baseMutation: lost.mutationId,
        mutations: [made, edit, lost].map(({ mutationId }) => mutationId),
      })

      test.each([
        ['what was made first comes', [[made]]],
        ['several come in one ask', [[made, edit]]],
        ['an edit comes before what it was made on', [[edit], [made]]],
      ])('waits for whichever is left: %s', async (_, asks) => {
        const world = await open()
        await (await member(world, 'ben')).sync([deletion])
        for (const mutations of asks) await (await member(world, 'ann')).sync(mutations)
        expect(await readNote(world)).toBeNull()
        expect(await waitingIn(world)).toBe(0)
      })

      test('does not take away an edit that its author had not seen', async () => {
        const world = await open()
        await (await member(world, 'ben')).sync([deletion])
        await (await member(world, 'ann')).sync([made, edit, unseen])
        expect(await readNote(world)).toMatchObject({ text: 'x', n: 1 })
        expect(await waitingIn(world)).toBe(0)
      })
    })

    test('it does not wait for what this history has answered: that cannot come back', async () => {
      const world = await open()
      const [ann, ben, cid] = [await member(world, 'ann'), await member(world, 'ben'), await member(world, 'cid')]
      const made = madeAt(insert(), ann.partnershipId as string, 1)
      await ann.sync([made])
      for (const other of [ben, cid]) await other.sync()
      const base = ben.records.get('notes/a')?.version as string
      for (const other of [ben, cid, ann]) {
        expect(typesOf(await other.sync([deletionOf(made, base)]))).toEqual(['accepted'])
      }
      expect(await waitingIn(world)).toBe(0)
      await pass(world, 401)
      await pass(world, 401)
      expect(typesOf(await (await member(world, 'ann')).sync([made]))).toEqual(['outcome-forgotten'])
      expect(await readNote(world)).toBeNull()
    })

    test('a version that has a number of this history, and is of another, is waited for', async () => {
      const world = await open()
      await world.partner.importRecords(
        's1',
        'notes',
        Array.from({ length: 9 }, (_, index) => ({ id: `n${index}` })),
      )
      const ben = await member(world, 'ben')
      for (const number of [7, 70]) await ben.sync([deletionOf(insert(), `${number}-${'0'.repeat(16)}`)])
      expect(await waitingIn(world)).toBe(2)
    })

    test('it does not wait any longer for what was refused', async () => {
      const world = await open()
      const lost = insert()
      await (await member(world, 'ben')).sync([deletionOf(lost)])
      await world.partner.transact('s1', (tx) => tx['notes']?.put({ id: 'a', by: 'the partner' }))
      expect(typesOf(await (await member(world, 'ann')).sync([lost]))).toEqual(['record-exists'])
      expect(await waitingIn(world)).toBe(0)
      expect(await readNote(world)).toEqual({ id: 'a', by: 'the partner' })
    })

    test('a copy of a device that comes back after years brings back nothing', async () => {
      const world = await open()
      const ann = await member(world, 'ann')
      const copy = ann.copy()
      const made = madeAt(insert(), ann.partnershipId as string, 1)
      await ann.sync([made])
      await ann.sync()
      await world.partner.transact('s1', (tx) => tx['notes']?.delete('a'))
      await pass(world, 300)
      await pass(world, 300)
      expect(await copy.send(copy.compose([made]))).toMatchObject({ type: 'problem' })
      expect(typesOf(await (await member(world, 'ann')).sync([made]))).toEqual(['outcome-forgotten'])
      expect(await readNote(world)).toBeNull()
    })

    test('a device that was away for a year delivers all of its 1,000 new records', async () => {
      const world = await open()
      const ann = await member(world, 'ann')
      const origin = ann.partnershipId as string
      await ann.sync([1, 2, 3].map((number) => madeAt(insert(`early${number}`), origin, number)))
      await ann.sync()
      const rows: Mutation[] = Array.from({ length: 1_000 }, (_, index) =>
        madeAt(insert(`new${index}`), origin, 4 + index),
      )
      await pass(world, 366)
      const back = await member(world, 'ann')
      await back.sync()
      for (let first = 0; first < rows.length; first += LIMITS.mutationsPerAsk / 4) {
        const some = rows.slice(first, first + LIMITS.mutationsPerAsk / 4)
        expect(typesOf(await back.sync(some)).filter((type) => type !== 'accepted')).toEqual([])
      }
      const kept = await world.storage.read('s1', (tx) => tx.listRecords('notes', null, { rows: 2_000, bytes: 1e9 }))
      expect(kept).toHaveLength(1_003)
    })
  })
}
