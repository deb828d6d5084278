import { copyFileSync } from 'node:fs'
import type { Op } from 'web-sync-protocol'
import { describe, expect, test } from 'vitest'
import { type ExchangeEvent, restoreBackup, sqliteStorage } from './index.ts'
import { mutationOf, randomHex, type ScriptedInitiator } from './testing/scripted-initiator.ts'
import { sqlitePartner, tempFile, testPartner, type TestPartner } from './testing/test-partner.fixture.ts'

const put = (id: string, text: string, base: string | null = null): Op => ({
  op: 'put',
  collection: 'notes',
  id,
  base,
  value: { id, text },
})

const lastCase = ({ events }: TestPartner): string | null =>
  events.findLast((event): event is ExchangeEvent => event.type === 'exchange')?.case ?? null

/** All that is stored of keys and data, to show that nothing changed. */
const stateOf = async ({ partner }: TestPartner): Promise<unknown> => {
  const { head, digest, partnerships } = await partner.inspect('s1')
  return { head, digest, partnerships }
}

const grow = async (initiator: ScriptedInitiator, from: number, count: number): Promise<void> => {
  for (let index = from; index < from + count; index += 1) await initiator.sync([mutationOf(put(`n${index}`, 'x'))])
}

/** A copy of a clone whose key lies before all that is kept of its partnership: a fork begins in the middle. */
const growOutlived = async (ann: ScriptedInitiator): Promise<ScriptedInitiator> => {
  await grow(ann, 100, 4)
  const clone = ann.copy()
  await grow(ann, 110, 2)
  await grow(clone, 120, 1)
  const old = clone.copy()
  await grow(clone, 130, 30)
  await ann.sync()
  return old
}

/** An answer without its random parts. */
const blank = (answer: unknown): string => JSON.stringify(answer).replace(/[0-9a-f]{32}/g, '#')

const kinds: readonly [string, () => TestPartner][] = [
  ['memory', () => testPartner()],
  ['SQLite', () => sqlitePartner()],
]

describe.each(kinds)('the table of cases on %s', (_name, create) => {
  test('K0: each key 0 begins a new partnership with n from 1 and a snapshot', async () => {
    const world = create()
    await world.partner.importRecords('s1', 'notes', [{ id: 'a' }, { id: 'b' }, { id: 'c' }])
    const ann = world.initiator()
    const pages = await ann.sync([], { limit: { changes: 2, bytes: 100_000, pages: 10 } })
    expect(
      pages.map(({ key, snapshot, settled, progress, more }) => [key.n, snapshot, settled, progress, more]),
    ).toEqual([
      [1, true, false, { done: 2, total: 3 }, true],
      [2, true, true, { done: 3, total: 3 }, false],
    ])
    expect([...ann.records.keys()]).toEqual(['notes/a', 'notes/b', 'notes/c'])
    const again = world.initiator()
    await again.sync()
    expect(again.partnershipId).not.toBe(ann.partnershipId)
    expect(lastCase(world)).toBe('K0')
  })

  test('K1: a normal exchange goes on from the key, and without news the key and the partner stay as they are', async () => {
    const world = create()
    const ann = world.initiator()
    await ann.sync()
    const [page] = await ann.sync([mutationOf(put('a', '1'))])
    expect(lastCase(world)).toBe('K1')
    expect(page?.key.n).toBe(2)
    await ann.sync()
    const before = await stateOf(world)
    const [idle] = await ann.sync()
    expect(idle).toMatchObject({ key: ann.key, changes: [], outcomes: [], more: false })
    expect(await stateOf(world)).toEqual(before)
  })

  test('K1c: an added collection comes as a snapshot under the same cut, a dropped one leaves, and n + 1 is issued', async () => {
    const world = create()
    await world.partner.importRecords('s1', 'tags', [{ id: 't1' }, { id: 't2' }])
    const ann = world.initiator()
    await ann.sync([mutationOf(put('a', '1'))])
    await ann.sync()
    const { n } = ann.key as { n: number }
    ann.collections = ['notes', 'tags']
    const pages = await ann.sync()
    expect(lastCase(world)).toBe('K1c')
    expect(pages[0]).toMatchObject({ snapshot: true, settled: true, collections: ['notes', 'tags'], key: { n: n + 1 } })
    expect([...ann.records.keys()].toSorted()).toEqual(['notes/a', 'tags/t1', 'tags/t2'])
    ann.collections = ['tags', 'unknown']
    const [dropped] = await ann.sync()
    expect(dropped).toMatchObject({ changes: [], settled: true, collections: ['tags'], key: { n: n + 2 } })
    expect(dropped?.digest).toEqual({
      tags: { count: 2, sum: (await world.partner.inspect('s1')).digest['tags']?.sum },
    })
  })

  test('K2: a lost response costs one more exchange and applies nothing twice', async () => {
    const world = create()
    const ann = world.initiator()
    await ann.sync()
    const write = mutationOf(put('a', '1'))
    await ann.send(ann.compose([write]))
    const lost = ann.key as { n: number; tag: string }
    const [page] = await ann.sync([write])
    expect(lastCase(world)).toBe('K2')
    expect(page?.key.n).toBe(lost.n + 1)
    expect(page?.outcomes).toMatchObject([{ type: 'accepted', duplicate: true }])
    expect(page?.changes).toHaveLength(1)
    expect((await world.partner.inspect('s1')).head).toBe(1)
  })

  test('K2: of the replies that were lost the newest eight stay', async () => {
    const world = create()
    const ann = world.initiator()
    await ann.sync()
    for (let index = 0; index < 12; index += 1) await ann.send(ann.compose([mutationOf(put(`n${index}`, 'x'))]))
    const { partnerships } = await world.partner.inspect('s1')
    expect(partnerships[0]?.checkpoints.filter(({ n }) => n === 2)).toHaveLength(8)
  })

  test('K3: a clone that goes on from an old key gets a partnership of its own, incrementally; the old one is untouched', async () => {
    const world = create()
    const ann = world.initiator()
    await ann.sync()
    await grow(ann, 0, 3)
    const clone = ann.copy()
    await grow(ann, 3, 3)
    const before = (await world.partner.inspect('s1')).partnerships.find(
      ({ partnershipId }) => partnershipId === ann.partnershipId,
    )
    const { n } = clone.key as { n: number }
    const answer = await clone.send(clone.compose([mutationOf(put('c', 'clone'))]))
    expect(lastCase(world)).toBe('K3')
    if (answer.type === 'problem') throw new Error(answer.problem.code)
    expect(answer.head.partnershipId).not.toBe(ann.partnershipId)
    expect(answer.head.forked?.replicaId).not.toBe(ann.replicaId)
    expect(answer.pages[0]).toMatchObject({ snapshot: false, key: { n: n + 1 } })
    expect(answer.pages[0]?.changes).toHaveLength(4)
    const { partnerships } = await world.partner.inspect('s1')
    expect(partnerships.find(({ partnershipId }) => partnershipId === ann.partnershipId)).toEqual(before)
    for (const page of answer.pages) clone.apply(answer.head, page)
    await ann.sync()
    await clone.sync()
    expect(lastCase(world)).toBe('K1')
    expect(clone.records).toEqual(ann.records)
  })

  test("K3': a late duplicate of a request is answered as before and changes nothing", async () => {
    const world = create()
    const ann = world.initiator()
    await ann.sync()
    await grow(ann, 0, 1)
    const ask = ann.compose([mutationOf(put('late', '1'))])
    const first = await ann.send(ask)
    if (first.type === 'problem') throw new Error(first.problem.code)
    for (const page of first.pages) ann.apply(first.head, page)
    await grow(ann, 1, 2)
    const before = await stateOf(world)
    const late = await ann.send(ask)
    expect(lastCase(world)).toBe("K3'")
    if (late.type === 'problem') throw new Error(late.problem.code)
    expect(late.head).toMatchObject({ partnershipId: first.head.partnershipId, forked: null })
    expect(late.pages[0]).toMatchObject({
      key: first.pages[0]?.key,
      changes: first.pages[0]?.changes,
      outcomes: [{ duplicate: true }],
    })
    expect(await stateOf(world)).toEqual(before)
  })

  test("K3': a late duplicate of the request that led to a fork names the fork and makes no second one", async () => {
    const world = create()
    const ann = world.initiator()
    await ann.sync()
    await grow(ann, 0, 1)
    const clone = ann.copy()
    await grow(ann, 1, 2)
    const ask = clone.compose()
    const first = await clone.send(ask)
    const second = await clone.send(ask)
    expect(lastCase(world)).toBe("K3'")
    expect(second).toMatchObject({ head: { forked: (first as { head: { forked: unknown } }).head.forked } })
    expect((await world.partner.inspect('s1')).partnerships).toHaveLength(2)
  })

  test('K4: a key older than all that are kept is expired; one whose cut the log has left behind too', async () => {
    const world = create()
    const ann = world.initiator()
    await ann.sync()
    const old = await growOutlived(ann)
    const recent = ann.copy()
    await grow(ann, 41, 1)
    expect(await old.send(old.compose())).toMatchObject({
      status: 410,
      problem: { code: 'expired', reason: 'thinned', reset: 'apply' },
    })
    expect(lastCase(world)).toBe('K4')
    world.clock.ms += 91 * 86_400_000
    await grow(ann, 50, 1)
    await world.partner.prune()
    expect(await recent.send(recent.compose())).toMatchObject({ problem: { code: 'expired', reason: 'log-floor' } })
    // A cut at the floor itself is served: all that came after it is in the log.
    expect(await ann.sync()).toHaveLength(1)
  })

  test('K5: this number with another tag is regressed, with the newest common checkpoint; nothing else changes', async () => {
    const world = create()
    const ann = world.initiator()
    await ann.sync()
    await grow(ann, 0, 3)
    const key = { n: 50, tag: randomHex() }
    const before = await stateOf(world)
    const answer = await ann.send(ann.compose([mutationOf(put('z', 'z'))], { key }))
    expect(answer).toMatchObject({
      status: 409,
      problem: { code: 'invalid-key', reason: 'regressed', rollbackTo: ann.have[0] },
    })
    expect(lastCase(world)).toBe('K5')
    expect(await stateOf(world)).toEqual(before)
    const right = ann.key as { n: number; tag: string }
    expect(await ann.send(ann.compose([], { key: { n: right.n, tag: randomHex() } }))).toMatchObject({ status: 409 })
  })

  test('K5: a device that goes back to a key thinned away meanwhile rolls back, and says nothing of a restore', async () => {
    const world = create()
    const ann = world.initiator()
    await ann.sync()
    await grow(ann, 0, 2)
    const device = ann.copy()
    expect(device.key).toMatchObject({ n: 3 })
    await grow(ann, 2, 40)
    expect(await device.send(device.compose())).toMatchObject({
      problem: { code: 'invalid-key', reason: 'regressed', rollbackTo: { n: 2 } },
    })
    expect((await world.partner.inspect('s1')).isRestoreSeen).toBe(false)
    await device.send(device.compose([], { key: { n: 99, tag: randomHex() } }))
    expect((await world.partner.inspect('s1')).isRestoreSeen).toBe(true)
  })

  test('K6: a partnership that is not there and one of somebody else are answered alike', async () => {
    const world = create()
    const ann = world.initiator()
    const bob = world.initiator({ account: 'bob' })
    await ann.sync()
    await bob.sync()
    const foreign = await bob.send(bob.compose([], { partnershipId: ann.partnershipId, key: ann.key, have: ann.have }))
    const unknown = await bob.send(bob.compose([], { partnershipId: randomHex(), key: ann.key, have: ann.have }))
    expect(foreign).toMatchObject({ status: 409, problem: { reason: 'unknown', rollbackTo: null } })
    expect(blank(foreign)).toBe(blank(unknown))
    const own = await bob.send(bob.compose([], { partnershipId: randomHex() }))
    expect(own).toMatchObject({ problem: { reason: 'unknown', rollbackTo: bob.have[0] } })
  })

  test('K7: a key that is none is malformed, with the path', async () => {
    const world = create()
    const ann = world.initiator()
    await ann.sync()
    for (const [key, path] of [
      [{ n: 1.5, tag: randomHex() }, '/key/n'],
      [{ n: 2 ** 53, tag: randomHex() }, '/key/n'],
      [{ n: '1', tag: randomHex() }, '/key/n'],
      [{ n: -1, tag: randomHex() }, '/key/n'],
      [{ n: 1, tag: 'short' }, '/key/tag'],
      ['57', '/key'],
    ] as const) {
      const ask = { ...ann.compose(), key }
      const response = await world.partner.fetch(ann.request(JSON.stringify(ask)))
      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({ code: 'malformed', path, requestId: ask.requestId })
    }
  })

  test('K8: a node that is not the primary judges no key', async () => {
    const world = create()
    const ann = world.initiator()
    await ann.sync()
    const before = await stateOf(world)
    // It is asked before each transaction, as one that does not refuse by itself.
    Object.assign(world.storage, { refusesBehind: false, isPrimary: async () => false })
    const response = await world.partner.fetch(ann.request(JSON.stringify(ann.compose([mutationOf(put('a', '1'))]))))
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('5')
    expect(await response.json()).toMatchObject({ code: 'behind' })
    expect(lastCase(world)).toBe('K8')
    expect(await stateOf(world)).toEqual(before)
  })

  test('every kept settled key brings its holder to the same state as key 0 does', async () => {
    const world = create()
    const ann = world.initiator()
    await ann.sync()
    const past: ScriptedInitiator[] = []
    for (let index = 0; index < 30; index += 1) {
      await grow(ann, index % 7, 1).catch(() => undefined)
      await world.partner.transact('s1', (tx) => tx['notes']?.put({ id: `p${index % 5}`, index }))
      if (index % 6 === 5) await world.partner.transact('s1', (tx) => tx['notes']?.delete(`p${index % 5}`))
      await ann.sync()
      past.push(ann.copy())
    }
    const fresh = world.initiator()
    await fresh.sync()
    let accepted = 0
    for (const old of past) {
      const answer = await old.send(old.compose())
      if (answer.type === 'problem') continue
      accepted += 1
      for (const page of answer.pages) old.apply(answer.head, page)
      expect(old.records).toEqual(fresh.records)
    }
    expect(accepted).toBeGreaterThan(8)
  })
})

describe('a partner that lost history', () => {
  test('restored to a backup: K5 names the checkpoint to go back to, and the replay is accepted again', async () => {
    const path = tempFile()
    const backup = tempFile('backup.db')
    const first = sqlitePartner(path)
    const ann = first.initiator()
    await ann.sync()
    await grow(ann, 0, 3)
    await ann.sync()
    await (first.storage as ReturnType<typeof sqliteStorage>).backup(backup)
    const atBackup = ann.copy()
    const lost = mutationOf(put('lost', 'accepted, then lost'))
    await ann.sync([lost])
    await grow(ann, 10, 2)
    await first.partner.close()
    await restoreBackup(backup, path)
    const second = sqlitePartner(path)
    const fetch = (request: Request): Promise<Response> => second.partner.fetch(request)
    const back = ann.copy({ fetch })
    const answer = await back.send(back.compose())
    expect(answer).toMatchObject({ problem: { reason: 'regressed', rollbackTo: atBackup.have[0] } })
    const [page] = await atBackup.copy({ fetch }).sync([lost])
    expect(lastCase(second)).toMatch(/^K[12]$/)
    expect(page?.outcomes).toMatchObject([{ type: 'accepted', duplicate: false }])
    expect((await second.partner.inspect('s1')).isRestoreSeen).toBe(true)
  })

  test('a plain copy of the file put back: the first key of the lost history marks the space, so K4 says upload', async () => {
    const path = tempFile()
    const copy = tempFile('copy.db')
    const first = sqlitePartner(path)
    const ann = first.initiator()
    await ann.sync()
    const old = await growOutlived(ann)
    await first.partner.close()
    copyFileSync(path, copy)
    const second = sqlitePartner(copy)
    const to = (initiator: ScriptedInitiator): ScriptedInitiator =>
      initiator.copy({ fetch: (request) => second.partner.fetch(request) })
    expect(await to(old).send(to(old).compose())).toMatchObject({ problem: { reset: 'apply' } })
    await to(ann).send(ann.compose([], { key: { n: 99, tag: randomHex() } }))
    expect(await to(old).send(to(old).compose())).toMatchObject({ problem: { reset: 'upload' } })
  })

  test('wiped: K6, to begin again', async () => {
    const world = sqlitePartner()
    const ann = world.initiator()
    await ann.sync()
    expect(await world.storage.eraseSpace('s1')).toBe(true)
    expect(await ann.send(ann.compose())).toMatchObject({ problem: { reason: 'unknown', rollbackTo: null } })
    expect(lastCase(world)).toBe('K6')
  })

  test('the judgement survives a restart', async () => {
    const path = tempFile()
    const first = sqlitePartner(path)
    const ann = first.initiator()
    await ann.sync()
    await grow(ann, 0, 2)
    await first.partner.close()
    const second = sqlitePartner(path)
    const after = ann.copy({ fetch: (request) => second.partner.fetch(request) })
    await after.sync()
    expect(lastCase(second)).toBe('K1')
  })
})
