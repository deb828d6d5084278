import { describe, expect, test } from 'vitest'
import { mutationOf } from './testing/scripted-initiator.ts'
import { sqlitePartner, testPartner, type TestPartner } from './testing/test-partner.fixture.ts'

const DAY_MS = 86_400_000
const write = (id: string, value = 0, base: string | null = null) =>
  mutationOf({ op: base === null ? 'insert' : 'patch', collection: 'notes', id, base, value: { id, value } })

const kinds: readonly [string, () => TestPartner][] = [
  ['memory', () => testPartner()],
  ['SQLite', () => sqlitePartner(':memory:')],
]

describe.each(kinds)('retention on %s', (_name, create) => {
  test('under constant live data what is kept stays bounded', async () => {
    const world = create()
    const ann = world.initiator()
    await ann.sync()
    await ann.sync([write('a')])
    const sizes: number[] = []
    for (let day = 0; day < 400; day += 1) {
      world.clock.ms += DAY_MS
      await ann.sync([write('a', day, ann.records.get('notes/a')?.version)])
      if (day % 50 === 49) {
        await world.partner.prune()
        const { head, floor, partnerships } = await world.partner.inspect('s1')
        sizes.push(head - floor, partnerships[0]?.checkpoints.length ?? 0)
      }
    }
    expect(Math.max(...sizes)).toBeLessThanOrEqual(91)
  })

  test('a partnership nobody presented a key of goes after a day, one that is in use stays, an unused one goes at last', async () => {
    const world = create()
    const ann = world.initiator()
    await ann.sync()
    await ann.sync()
    await world.initiator().sync()
    world.clock.ms += 2 * DAY_MS
    expect(await world.partner.prune()).toMatchObject({ partnerships: 1 })
    await ann.sync()
    world.clock.ms += 399 * DAY_MS
    expect(await world.partner.prune()).toMatchObject({ partnerships: 0 })
    world.clock.ms += 2 * DAY_MS
    expect(await world.partner.prune()).toMatchObject({ partnerships: 1 })
    expect(await ann.send(ann.compose())).toMatchObject({ problem: { reason: 'unknown' } })
  })

  test('an outcome is kept until its key was presented and ninety days beyond; one never presented, with its partnership', async () => {
    const world = create()
    const ann = world.initiator()
    await ann.sync()
    const told = write('told')
    await ann.sync([told])
    await ann.sync()
    const lost = write('lost')
    await ann.send(ann.compose([lost]))
    world.clock.ms += 91 * DAY_MS
    expect(await world.partner.prune()).toMatchObject({ outcomes: 1 })
    const [page] = await ann.sync([lost]).catch(async () => {
      // Its log is gone too: the initiator begins again, as it is told, and sends what it has not heard of.
      const fresh = world.initiator()
      await fresh.sync()
      return fresh.sync([lost])
    })
    expect(page?.outcomes).toMatchObject([{ type: 'accepted', duplicate: true }])
  })

  test('a patch of somebody who was away longer than the log is merged if the record’s history is known, else a conflict', async () => {
    const world = create()
    const ann = world.initiator()
    await ann.sync()
    await ann.sync([write('rested'), write('busy')])
    const [rested, busy] = ['notes/rested', 'notes/busy'].map((name) => ann.records.get(name)?.version ?? '')
    await world.partner.transact('s1', (tx) => tx['notes']?.patch('busy', { other: 1 }))
    world.clock.ms += 91 * DAY_MS
    await world.partner.prune()
    await world.partner.transact('s1', (tx) => tx['notes']?.patch('rested', { other: 1 }))
    await world.partner.transact('s1', (tx) => tx['notes']?.patch('busy', { other: 2 }))
    const back = world.initiator()
    await back.sync()
    const [page] = await back.sync([write('rested', 7, rested), write('busy', 7, busy)])
    expect(page?.outcomes).toMatchObject([
      { type: 'accepted', merged: true },
      { type: 'conflict', code: 'stale-base' },
    ])
  })

  test('beyond the cap provisional partnerships give way first, then the longest unseen', async () => {
    const world = create()
    const ann = world.initiator()
    await ann.sync()
    await ann.sync([write('a')])
    await ann.sync()
    for (let index = 0; index < 150; index += 1) {
      world.clock.ms += 1
      await world.initiator().sync()
    }
    expect((await world.partner.inspect('s1')).partnerships).toHaveLength(100)
    await ann.sync()
    expect(ann.settled).toBe(true)
  })

  test('a first sync that is held open longer than the log is kept begins again, and holds nothing back', async () => {
    const world = create()
    await world.partner.importRecords(
      's1',
      'notes',
      Array.from({ length: 6 }, (_, index) => ({ id: `n${index}` })),
    )
    const ann = world.initiator()
    const limit = { changes: 2, bytes: 100_000, pages: 1 }
    await ann.sync([], { limit })
    await ann.sync([], { limit })
    await world.partner.transact('s1', (tx) => tx['notes']?.delete('n0'))
    world.clock.ms += 89 * DAY_MS
    await ann.sync([], { limit })
    world.clock.ms += 2 * DAY_MS
    await world.partner.prune()
    expect((await world.partner.inspect('s1')).floor).toBe(7)
    await expect(ann.sync([], { limit })).rejects.toThrow('expired')
    const again = world.initiator()
    while (!again.settled) await again.sync([], { limit })
    expect(again.records.has('notes/n0')).toBe(false)
  })

  test('after a first sync of many pages the log is pruned all the same, month after month', async () => {
    const world = create()
    const records = Array.from({ length: 900 }, (_, index) => ({ id: `n${index}` }))
    await world.partner.importRecords('s1', 'notes', records)
    const ann = world.initiator()
    await ann.sync()
    for (let month = 1; month <= 24; month += 1) {
      world.clock.ms += 30 * DAY_MS
      for (let index = 0; index < 10; index += 1) await ann.sync([write(`m${month}-${index}`)])
      await ann.sync()
      await world.partner.prune()
    }
    const { head, floor } = await world.partner.inspect('s1')
    expect(head - floor).toBeLessThanOrEqual(40)
  })

  test('what was answered and forgotten is refused when it comes again, for all time; what was never sent is applied', async () => {
    const world = create()
    const ann = world.initiator()
    await ann.sync()
    const late = { ...write('gone'), origin: { id: ann.partnershipId as string, number: 7 } }
    const neverSent = { ...write('new'), origin: { id: ann.partnershipId as string, number: 8 } }
    await ann.sync([late])
    await ann.sync()
    await world.partner.transact('s1', (tx) => tx['notes']?.delete('gone'))
    for (const days of [91, 401, 4_000]) {
      world.clock.ms += days * DAY_MS
      await world.partner.prune()
      const back = world.initiator()
      await back.sync()
      const [page] = await back.sync([late])
      expect(page?.outcomes).toMatchObject([{ type: 'refused', code: 'outcome-forgotten' }])
      expect(await world.partner.read('s1', 'notes', 'gone')).toBe(null)
    }
    const back = world.initiator()
    await back.sync()
    expect((await back.sync([neverSent]))[0]?.outcomes).toMatchObject([{ type: 'accepted', duplicate: false }])
  })

  test('what was forgotten first is still remembered when more is forgotten', async () => {
    const world = create()
    const origin = 'a'.repeat(32)
    const forgotten = [1, 2].map((number) => ({ ...write(`gone-${number}`), origin: { id: origin, number } }))
    for (const mutation of forgotten) {
      const ann = world.initiator()
      await ann.sync()
      await ann.sync([mutation])
      await ann.sync()
      world.clock.ms += 91 * DAY_MS
      expect(await world.partner.prune()).toMatchObject({ outcomes: 1 })
    }
    const back = world.initiator()
    await back.sync()
    const [page] = await back.sync(forgotten)
    expect(page?.outcomes).toMatchObject([{ code: 'outcome-forgotten' }, { code: 'outcome-forgotten' }])
  })
})
