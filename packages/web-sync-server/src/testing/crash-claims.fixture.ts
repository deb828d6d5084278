import type { Op } from 'web-sync-protocol'
import { expect, test } from 'vitest'
import type { ExchangeEvent } from '../index.ts'
import { mutationOf } from './scripted-initiator.ts'
import { type DumpedStorage, failingStorage } from './storage-dump.fixture.ts'
import { testPartner, type TestPartner } from './test-partner.fixture.ts'

/** An operation that puts a note. */
export const put = (id: string, text: string): Op => ({
  op: 'put',
  collection: 'notes',
  id,
  base: null,
  value: { id, text },
})

/** The case of the last exchange that a partner answered. */
export const lastCase = ({ events }: TestPartner): string | null =>
  events.findLast((event): event is ExchangeEvent => event.type === 'exchange')?.case ?? null

/** Claims 5 and 12 from the partner's side, on any storage: what happens when it fails, in the middle or just after. */
export function crashClaims(create: () => DumpedStorage | Promise<DumpedStorage>): void {
  const begin = async () => {
    const { storage, dump } = await create()
    const control = failingStorage(storage)
    const world = testPartner({ storage: control.storage })
    return { world, control, dump, ann: world.initiator() }
  }

  test('5: at whichever call of a transaction it fails, or at its commit, keys and data are as they were', async () => {
    const { world, control, dump, ann } = await begin()
    await ann.sync()
    for (let step = 0; step < 20; step += 1) await ann.sync([mutationOf(put(`n${step}`, 'x'))])
    const ask = () => ann.compose([mutationOf(put('x', '1'), put('y', '1')), mutationOf(put('z', '1'))])
    const before = await dump()
    control.failAt = 'commit'
    expect(await ann.send(ask())).toMatchObject({ status: 500, problem: { code: 'internal' } })
    expect(await dump()).toBe(before)
    const answers: string[] = []
    const left = new Set<string>()
    for (control.failAt = 0; answers.at(-1) !== 'reply'; control.failAt += 1) {
      answers.push((await ann.send(ask())).type)
      left.add(await dump())
    }
    // As it was after each failure; what succeeded at last is there.
    expect([left.size, left.has(before)]).toEqual([2, true])
    // Every lookup, every write, and the thinning that comes with a confirmed key.
    expect(answers.length).toBeGreaterThan(15)
    control.failAt = null
    expect((await world.partner.inspect('s1')).head).toBe(23)
  })

  test('5: a page of a stream that fails leaves the key of the page before it, and the initiator goes on from there', async () => {
    const { world, control, dump, ann } = await begin()
    const ids = Array.from({ length: 6 }, (_, index) => `n${index}`)
    await world.partner.importRecords(
      's1',
      'notes',
      ids.map((id) => ({ id })),
    )
    const [page] = await ann.sync([], { limit: { changes: 2, bytes: 1_000_000, pages: 1 } })
    await ann.sync([], { limit: { changes: 2, bytes: 1_000_000, pages: 1 } })
    const before = await dump()
    control.failAt = 'commit'
    expect(await ann.send(ann.compose())).toMatchObject({ status: 500 })
    expect(await dump()).toBe(before)
    control.failAt = null
    await ann.sync()
    expect(page?.key.n).toBe(1)
    expect([...ann.records.keys()]).toEqual(ids.map((id) => `notes/${id}`))
  })

  test('5: a key is confirmed only when it, or a successor of it, is presented', async () => {
    const { world, ann } = await begin()
    const confirmed = async () => {
      const { partnerships } = await world.partner.inspect('s1')
      return partnerships.flatMap(({ checkpoints }) =>
        checkpoints.filter(({ isPresented }) => isPresented).map(({ n }) => n),
      )
    }
    await ann.sync()
    expect(await confirmed()).toEqual([])
    await ann.send(ann.compose([mutationOf(put('a', 'lost'))]))
    await ann.send(ann.compose([mutationOf(put('b', 'lost'))]))
    expect(await confirmed()).toEqual([1])
    for (let index = 0; index < 5; index += 1) {
      await world.partner.transact('s1', (tx) => tx['notes']?.put({ id: `own${index}` }))
    }
    // Seven changes, one on a page: keys 2 to 8 are issued in one reply, and none of them is confirmed by that.
    expect(await ann.sync([], { limit: { changes: 1, bytes: 1_000_000, pages: 100 } })).toHaveLength(7)
    expect(await confirmed()).toEqual([1])
    await ann.sync()
    expect(await confirmed()).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  })

  test('12: a response that is lost after the commit: the next exchange converges, and nothing is doubled', async () => {
    const { world, ann } = await begin()
    await ann.sync()
    const write = mutationOf(put('a', 'once'), put('b', 'once'))
    const refused = mutationOf({ op: 'insert', collection: 'titled', id: 't', base: null, value: { id: 't' } })
    for (let lost = 0; lost < 3; lost += 1) await ann.send(ann.compose([write, refused]))
    const { head } = await world.partner.inspect('s1')
    const [page] = await ann.sync([write, refused])
    expect(lastCase(world)).toBe('K2')
    expect(page?.outcomes).toMatchObject(
      [
        { type: 'refused', duplicate: true, mutationId: refused.mutationId },
        { type: 'accepted', duplicate: true, mutationId: write.mutationId },
      ].toSorted((a) => (a.mutationId === write.mutationId ? -1 : 1)),
    )
    expect([head, (await world.partner.inspect('s1')).head]).toEqual([2, 2])
    const fresh = world.initiator()
    await fresh.sync()
    expect(ann.records).toEqual(fresh.records)
  })
}
