import { collection, defineSchema, type JsonObject, type Mutation } from 'web-sync-protocol'
import { describe, expect, test } from 'vitest'
import { type MemoryStorage, memoryStorage, type PartnerOptions } from './index.ts'
import { mutationOf, type ScriptedInitiator } from './testing/scripted-initiator.ts'
import { testPartner, type TestPartner } from './testing/test-partner.fixture.ts'

/** Keeps the tags of both sides, so that no tag is ever lost. */
const union = ({ current, proposed }: { readonly current: JsonObject; readonly proposed: JsonObject }): JsonObject => ({
  ...proposed,
  tags: [...new Set([...(current['tags'] as string[]), ...(proposed['tags'] as string[])])].toSorted(),
})

const schema = defineSchema({
  app: 'test',
  version: 1,
  collections: {
    notes: collection(null),
    theirs: collection(null, { conflict: 'partnerWins' }),
    mine: collection(null, { conflict: 'initiatorWins' }),
    tagged: collection(null, { conflict: union }),
  },
})
type Name = keyof typeof schema.collections

const begin = async (options: Partial<PartnerOptions> = {}) => {
  const storage = memoryStorage()
  const world = testPartner({ schema, storage, ...options })
  const collections = Object.keys(schema.collections).toSorted()
  const join = async (account: string): Promise<ScriptedInitiator> => {
    const initiator = world.initiator({ account, collections })
    await initiator.sync()
    return initiator
  }
  return { world, storage, ann: await join('ann'), ben: await join('ben'), cid: await join('cid'), join }
}

/** The same partner restored to a copy of its storage, and its members, who begin anew and keep what they wrote. */
const restored = (backup: MemoryStorage) => begin({ storage: backup.copy() })

const send = async (initiator: ScriptedInitiator, ...mutations: readonly Mutation[]) => {
  const pages = await initiator.sync(mutations)
  return pages.flatMap(({ outcomes }) => outcomes.map((outcome) => ('code' in outcome ? outcome.code : outcome.type)))
}
const baseOf = (initiator: ScriptedInitiator, name: Name = 'notes') =>
  initiator.records.get(`${name}/r`)?.version ?? null
const read = async (world: TestPartner, name: Name = 'notes') =>
  (await world.partner.read('s1', name, 'r'))?.value ?? null

/** Operations on record r, made on what the initiator has and on a pending mutation. */
const target = (initiator: ScriptedInitiator, on?: Mutation, name: Name = 'notes') => ({
  collection: name,
  id: 'r',
  base: baseOf(initiator, name),
  ...(on === undefined ? {} : { baseMutation: on.mutationId }),
})
const insert = (value: JsonObject = {}, name: Name = 'notes') =>
  mutationOf({ op: 'insert', collection: name, id: 'r', base: null, value: { id: 'r', ...value } })
const patch = (where: ReturnType<typeof target>, value: JsonObject) => mutationOf({ op: 'patch', ...where, value })
const put = (where: ReturnType<typeof target>, value: JsonObject) =>
  mutationOf({ op: 'put', ...where, value: { id: 'r', ...value } })
const remove = (where: ReturnType<typeof target>) => mutationOf({ op: 'delete', ...where })

/** A record that all have, and ben’s accepted edit of it that ann has not seen. */
const withUnseenEdit = async () => {
  const members = await begin()
  await send(members.ann, insert({ size: 1 }))
  await members.ben.sync()
  const edit = patch(target(members.ben), { note: 'precious' })
  await send(members.ben, edit)
  return { ...members, edit }
}

describe('an own chain over an edit that its author has not seen', () => {
  test('a deletion or a whole record on an own merged edit is a conflict, however long the chain is', async () => {
    for (const length of [1, 2, 5]) {
      for (const last of [remove, (where: ReturnType<typeof target>) => put(where, { size: 9 })]) {
        const { world, ann } = await withUnseenEdit()
        const chain = [patch(target(ann), { size: 2 })]
        while (chain.length < length) chain.push(patch(target(ann, chain.at(-1)), { size: chain.length + 2 }))
        const outcomes = await send(ann, ...chain, last(target(ann, chain.at(-1))))
        expect(outcomes).toEqual([...chain.map(() => 'accepted'), 'record-changed'])
        expect(await read(world)).toEqual({ id: 'r', size: length + 1, note: 'precious' })
      }
    }
  })

  test('the same within one mutation, and one ask after the other', async () => {
    const within = await withUnseenEdit()
    const where = target(within.ann)
    const both = mutationOf({ op: 'patch', ...where, value: { size: 2 } }, { op: 'delete', ...where })
    expect(await send(within.ann, both)).toEqual(['record-changed'])
    expect(await read(within.world)).toMatchObject({ size: 1, note: 'precious' })

    const after = await withUnseenEdit()
    const [first, last] = [patch(target(after.ann), { size: 2 }), target(after.ann)]
    await send(after.ann, first)
    expect(await send(after.ann, remove({ ...last, baseMutation: first.mutationId }))).toEqual(['record-changed'])
  })

  test('an edit between two own ones, and after them, counts as well', async () => {
    const { world, ann, ben } = await begin()
    await send(ann, insert({ size: 1 }))
    const first = patch(target(ann), { size: 2 })
    const second = patch(target(ann, first), { size: 3 })
    const last = remove(target(ann, second))
    await send(ann, first)
    await ben.sync()
    await send(ben, patch(target(ben), { note: 'between' }))
    expect(await send(ann, second, last)).toEqual(['accepted', 'record-changed'])
    expect(await read(world)).toMatchObject({ size: 3, note: 'between' })
  })

  test('whoever has seen the merged record may delete it, and may write on before', async () => {
    const seen = await withUnseenEdit()
    await send(seen.ann, patch(target(seen.ann), { size: 2 }))
    expect(await send(seen.ann, remove(target(seen.ann)))).toEqual(['accepted'])

    // Written before and after the merged record was seen, and sent together: the last one has seen it all.
    const later = await withUnseenEdit()
    const [first, second] = [patch(target(later.ann), { size: 2 }), target(later.ann)]
    const pending = patch({ ...second, baseMutation: first.mutationId }, { size: 3 })
    await send(later.ann, first)
    expect(await send(later.ann, pending, remove(target(later.ann, pending)))).toEqual(['accepted', 'accepted'])
    expect(await read(later.world)).toBeNull()
  })

  test('an own chain does not conflict with itself, nor does one that changes nothing', async () => {
    for (const together of [true, false]) {
      const { world, ann } = await begin()
      const made = insert({ size: 1 })
      const changed = patch(target(ann, made), { size: 2 })
      const same = patch(target(ann, changed), { size: 2 })
      const still = put(target(ann, same), { size: 2 })
      const last = remove(target(ann, still))
      const chain = [made, changed, same, still, last]
      const outcomes = together
        ? await send(ann, ...chain)
        : await chain.reduce<Promise<string[]>>(
            async (sent, each) => [...(await sent), ...(await send(ann, each))],
            Promise.resolve([]),
          )
      expect(outcomes).toEqual(chain.map(() => 'accepted'))
      expect(await read(world)).toBeNull()
    }
  })

  test('an edit that happens to say the same as an unseen one is no proof', async () => {
    const { world, ann, ben } = await begin()
    await send(ann, insert({ size: 1 }))
    await ben.sync()
    await send(ben, patch(target(ben), { size: 2 }))
    const same = patch(target(ann), { size: 2 })
    expect(await send(ann, same, remove(target(ann, same)))).toEqual(['accepted', 'record-changed'])
    expect(await read(world)).toMatchObject({ size: 2 })
  })

  test('a copy of the device has not seen what the other one wrote', async () => {
    const { world, ann } = await begin()
    await send(ann, insert({ size: 1 }))
    const copy = ann.copy()
    const shared = patch(target(ann), { size: 2 })
    const [own, others] = [patch(target(ann, shared), { note: 'own' }), remove(target(copy, shared))]
    await send(ann, shared, own)
    expect(await send(copy, shared, others)).toEqual(['accepted', 'record-changed'])
    expect(await read(world)).toMatchObject({ note: 'own' })
  })
})

describe('each policy is asked when something was not seen', () => {
  test('a function, by each of two whole records', async () => {
    const { world, ann, ben } = await begin()
    await send(ann, insert({ tags: ['x'] }, 'tagged'))
    await ben.sync()
    await send(ben, put(target(ben, undefined, 'tagged'), { tags: ['x', 'ben'] }))
    const first = put(target(ann, undefined, 'tagged'), { tags: ['x', 'ann1'] })
    const second = put(target(ann, first, 'tagged'), { tags: ['x', 'ann1', 'ann2'] })
    expect(await send(ann, first, second)).toEqual(['accepted', 'accepted'])
    expect(await read(world, 'tagged')).toEqual({ id: 'r', tags: ['ann1', 'ann2', 'ben', 'x'] })
    expect(await send(ann, remove(target(ann, second, 'tagged')))).toEqual(['accepted'])
  })

  test('a function is not asked where nobody else wrote', async () => {
    const { world, ann } = await begin()
    const made = insert({ tags: ['x', 'y'] }, 'tagged')
    await send(ann, made, put(target(ann, made, 'tagged'), { tags: ['y'] }))
    expect(await read(world, 'tagged')).toEqual({ id: 'r', tags: ['y'] })
  })

  test('partnerWins refuses the chain, initiatorWins lets it win', async () => {
    for (const [name, kept, codes] of [
      ['theirs', { id: 'r', size: 1, note: 'b' }, ['record-changed', 'depends-on-refused']],
      ['mine', null, ['accepted', 'accepted']],
    ] as const) {
      const { world, ann, ben } = await begin()
      await send(ann, insert({ size: 1 }, name))
      await ben.sync()
      await send(ben, patch(target(ben, undefined, name), { note: 'b' }))
      const first = patch(target(ann, undefined, name), { size: 2 })
      expect(await send(ann, first, remove(target(ann, first, name)))).toEqual(codes)
      expect(await read(world, name)).toEqual(kept)
    }
  })

  test('what the partner itself wrote was seen only by who has that version', async () => {
    const { world, ann } = await begin()
    await send(ann, insert({ size: 1 }))
    const first = patch(target(ann), { size: 2 })
    await world.partner.transact('s1', (tx) => tx['notes']?.patch('r', { stamp: 1 }))
    expect(await send(ann, first, remove(target(ann, first)))).toEqual(['accepted', 'record-changed'])
    expect(await send(ann, remove(target(ann)))).toEqual(['accepted'])
    expect(await read(world)).toBeNull()
  })
})

/** Ann edits and wants to delete; ben has edited what she made, unseen by her; all of it after the backup. */
const afterRestore = async () => {
  const { storage, ann, ben, cid } = await begin()
  await send(ann, insert({ size: 1 }))
  await Promise.all([ben.sync(), cid.sync()])
  const backup = storage.copy()
  const [base, first] = [target(ann), patch(target(ann), { size: 2 })]
  await send(ann, first)
  await ben.sync()
  const edit = patch({ ...target(ben), baseMutation: first.mutationId }, { note: 'precious' })
  await send(ben, edit)
  await cid.sync()
  const third = patch({ ...target(cid), baseMutation: edit.mutationId }, { colour: 'red' })
  await send(cid, third)
  const last = remove({ ...base, baseMutation: first.mutationId })
  return { ...(await restored(backup)), first, edit, third, last }
}

describe('replay after a restore', () => {
  test('with the author first the others are told; with a colleague first the edit stays', async () => {
    const one = await afterRestore()
    expect(await send(one.ann, one.first, one.last)).toEqual(['accepted', 'accepted'])
    expect(await send(one.ben, one.edit)).toEqual(['record-deleted'])
    expect(await send(one.cid, one.third)).toEqual(['record-deleted'])

    const other = await afterRestore()
    expect(await send(other.ben, other.edit)).toEqual(['accepted'])
    expect(await send(other.ann, other.first, other.last)).toEqual(['accepted', 'record-changed'])
    expect(await read(other.world)).toMatchObject({ size: 2, note: 'precious' })

    const third = await afterRestore()
    expect(await send(third.cid, third.third)).toEqual(['accepted'])
    expect(await send(third.ann, third.first, third.last)).toEqual(['accepted', 'record-changed'])
    expect(await send(third.ben, third.edit)).toEqual(['accepted'])
    expect(await read(third.world)).toEqual({ id: 'r', size: 2, note: 'precious', colour: 'red' })
  })

  test('what was accepted before is accepted again, whatever was merged then', async () => {
    const { storage, ann, ben } = await begin()
    const backup = storage.copy()
    const made = insert({ size: 1 })
    await send(ann, made)
    await ben.sync()
    const edit = patch({ ...target(ben), baseMutation: made.mutationId }, { note: 'b' })
    const merged = patch({ ...target(ann), baseMutation: made.mutationId }, { size: 2 })
    await send(ben, edit)
    await send(ann, merged)
    await ben.sync()
    // Ben has seen the record into which his edit was merged.
    const last = remove({ ...target(ben), baseMutation: merged.mutationId })
    const again = await restored(backup)
    expect(await send(again.ann, made, merged)).toEqual(['accepted', 'accepted'])
    expect(await send(again.ben, edit, last)).toEqual(['accepted', 'record-changed'])
    const direct = await restored(backup)
    expect(await send(direct.ann, made, merged)).toEqual(['accepted', 'accepted'])
    expect(await send(direct.ben, last)).toEqual(['accepted'])
    expect(await read(direct.world)).toBeNull()
  })
})

const made = () => insert({ owner: 'ann' })
const waiting = (on: Mutation) =>
  remove({ collection: 'notes', id: 'r', base: `7-${'0'.repeat(16)}`, baseMutation: on.mutationId })

describe('a deletion that waits', () => {
  test('the rule is asked again, with the record that is there then', async () => {
    const asked: unknown[] = []
    const { world, ann, ben } = await begin({
      allow: ({ account, op, current }) => {
        asked.push([account, op.op, current?.value ?? null])
        const isOwn = current === null || current.value['owner'] === account
        return op.op !== 'delete' || isOwn || { message: 'not yours' }
      },
    })
    const mine = made()
    expect(await send(ben, waiting(mine))).toEqual(['accepted'])
    expect(await send(ann, mine)).toEqual(['accepted'])
    expect(await read(world)).toEqual({ id: 'r', owner: 'ann' })
    expect(asked.at(-1)).toEqual(['ben', 'delete', { id: 'r', owner: 'ann' }])
  })

  test('one that may not be done does not stand in the way of one that may', async () => {
    const { world, ann, ben, cid } = await begin({
      allow: ({ account, op, current }) =>
        op.op !== 'delete' || current === null || account !== 'ben' || { message: 'no' },
    })
    const mine = made()
    for (const member of [cid, ben]) await send(member, waiting(mine))
    await send(ben, waiting(made()))
    await send(ann, mine)
    expect(await read(world)).toBeNull()
  })

  test('an edit that it did not know of, replayed with what it waited for, stays', async () => {
    const { world, ann, ben } = await begin()
    const mine = made()
    const edit = patch({ collection: 'notes', id: 'r', base: null, baseMutation: mine.mutationId }, { note: 'later' })
    await send(ben, waiting(mine))
    expect(await send(ann, mine, edit)).toEqual(['accepted', 'accepted'])
    expect(await read(world)).toEqual({ id: 'r', owner: 'ann', note: 'later' })
  })

  test('what it waited for is merged into a record that it did not know: that stays', async () => {
    const { world, ann, ben, cid } = await begin()
    const edit = patch({ collection: 'notes', id: 'r', base: `5-${'0'.repeat(16)}` }, { note: 'ann' })
    await send(ben, waiting(edit))
    await send(cid, insert({ size: 1 }))
    expect(await send(ann, edit)).toEqual(['accepted'])
    expect(await read(world)).toEqual({ id: 'r', size: 1, note: 'ann' })
  })

  test('where the edit that it waited for comes too early, it waits for what the edit was made on', async () => {
    const { world, ann, ben, cid } = await begin()
    const mine = made()
    const edit = patch({ collection: 'notes', id: 'r', base: null, baseMutation: mine.mutationId }, { note: 'cid' })
    await send(ben, waiting(edit))
    expect(await send(cid, edit)).toEqual(['record-deleted'])
    await send(ann, mine)
    expect(await read(world)).toBeNull()
  })
})
