import { type Change, type CheckpointName, isKept as keptByRule, type Op, type Page } from 'web-sync-protocol'
import { describe, expect, test } from 'vitest'
import { anyBytes, type CheckpointRow, type ExchangeEvent } from './index.ts'
import { mutationOf, randomHex, type ScriptedAnswer, type ScriptedInitiator } from './testing/scripted-initiator.ts'
import { DUMPED_STORAGES, dumpFile } from './testing/storage-dump.fixture.ts'
import { sqlitePartner, tempFile, testPartner, type TestPartner } from './testing/test-partner.fixture.ts'

// The partner's half of the properties in docs/protocol.md, section 9. docs/claims.md names each of these tests.

const put = (id: string, text: string): Op => ({ op: 'put', collection: 'notes', id, base: null, value: { id, text } })
const LARGE = { changes: 500, bytes: 1_000_000, pages: 100 }

const lastCase = ({ events }: TestPartner): string | null =>
  events.findLast((event): event is ExchangeEvent => event.type === 'exchange')?.case ?? null

/** All checkpoints of an initiator's partnership. */
const checkpointsOf = ({ storage }: TestPartner, { partnershipId }: ScriptedInitiator) =>
  storage.read('s1', (tx) => tx.listCheckpoints(partnershipId as string))

/** Sends another key than the initiator's own; nothing is applied. */
const present = (
  initiator: ScriptedInitiator,
  { n, tag }: Pick<CheckpointName, 'n' | 'tag'>,
  limit = LARGE,
): Promise<ScriptedAnswer> => initiator.send(initiator.compose([], { key: { n, tag }, limit }))

const pagesOf = (answer: ScriptedAnswer): readonly Page[] => {
  if (answer.type === 'problem') throw new Error(answer.problem.code)
  return answer.pages
}

/** What became of a key, in a word. */
const facts = (answer: ScriptedAnswer): string => {
  if (answer.type === 'reply') return 'reply'
  const { problem } = answer
  return problem.code === 'invalid-key' ? `${problem.reason} to ${problem.rollbackTo?.n}` : problem.code
}

const versionsOf = (pages: readonly Page[]): readonly string[] =>
  pages.flatMap(({ changes }) => changes.map(({ type, id, version }: Change) => `${type} ${id} ${version}`))

/** What the log says that a settled checkpoint lacks. */
const deltaOf = ({ storage }: TestPartner, { cut, collections }: CheckpointRow): Promise<readonly string[]> =>
  storage.read('s1', async (tx) => {
    const { head } = await tx.getSpace()
    const rows = (await tx.listLog(cut, head, anyBytes(head + 1))).filter((row) =>
      Object.hasOwn(collections, row.collection),
    )
    return rows.map(({ value, id, version }) => `${value === null ? 'delete' : 'put'} ${id} ${version}`)
  })

/** A history with everything in it: own and foreign writes, several records at once, deletions, lost responses, other collections. */
const live = async (world: TestPartner, initiator: ScriptedInitiator, steps: number): Promise<void> => {
  await initiator.sync()
  for (let step = 0; step < steps; step += 1) {
    if (step % 3 === 0) await initiator.sync([mutationOf(put(`own${step % 9}`, `${step}`), put(`more${step}`, 'x'))])
    await world.partner.transact('s1', (tx) => {
      if (step % 4 === 3) tx['notes']?.delete(`foreign${(step - 1) % 5}`)
      else tx['notes']?.put({ id: `foreign${step % 5}`, step })
      tx['tags']?.put({ id: `t${step}` })
    })
    if (step % 5 === 4) await initiator.send(initiator.compose([mutationOf(put(`lost${step}`, 'x'))]))
    await initiator.sync()
  }
  // The last key is presented too: what is asked for next forks and changes nothing that is kept.
  await initiator.sync()
}

/** A write that must leave no trace. */
const unwanted = () => [mutationOf(put('unwanted', 'must not be stored'))]

describe.each(DUMPED_STORAGES)('claims on %s', (kind, create) => {
  const begin = () => {
    const { storage, dump } = create()
    const world = testPartner({ storage })
    return { world, dump, ann: world.initiator() }
  }

  test('1: for every kept settled checkpoint, presenting its key gives exactly the changes between its cut and the head', async () => {
    const { world, ann } = begin()
    await live(world, ann, 24)
    const kept = (await checkpointsOf(world, ann)).filter(({ isSettled }) => isSettled)
    expect(kept.length).toBeGreaterThan(20)
    for (const checkpoint of kept) {
      const expected = await deltaOf(world, checkpoint)
      for (const limit of [LARGE, { ...LARGE, changes: 3 }]) {
        expect(versionsOf(pagesOf(await present(ann, checkpoint, limit)))).toEqual(expected)
      }
    }
    const cases = world.events.map((event) => (event.type === 'exchange' ? event.case : null))
    expect(new Set(cases)).toEqual(expect.objectContaining(new Set(['K0', 'K1', 'K2', 'K3'])))
  })

  test('1: an invalid key changes nothing', async () => {
    const { world, dump, ann } = begin()
    await ann.sync()
    const old = ann.copy()
    await live(world, ann, 24)
    world.clock.ms += 91 * 86_400_000
    await live(world, ann, 3)
    await world.partner.prune()
    const bob = world.initiator({ account: 'bob' })
    await bob.sync()
    const before = await dump()
    const { n } = ann.key as { n: number }
    const asks = [
      ['K4', old.compose(unwanted())],
      ['K5', ann.compose(unwanted(), { key: { n, tag: randomHex() } })],
      ['K5', ann.compose(unwanted(), { key: { n: n + 7, tag: randomHex() } })],
      ['K6', ann.compose(unwanted(), { partnershipId: randomHex() })],
    ] as const
    for (const [name, ask] of asks) {
      expect(await ann.send(ask)).toMatchObject({ type: 'problem' })
      expect(lastCase(world)).toBe(name)
      expect(await dump()).toBe(before)
    }
    expect(await bob.send({ ...ann.compose(unwanted()), account: 'bob' })).toMatchObject({ status: 409 })
    expect(await dump()).toBe(before)
  })

  test('2: the same key on the same state gives the same changes, and of two keys the older gives the changes between them more', async () => {
    const { world, ann } = begin()
    await live(world, ann, 12)
    const line = (await checkpointsOf(world, ann)).filter(({ isSettled, isPresented }) => isSettled && isPresented)
    const deltas: (readonly string[])[] = []
    for (const checkpoint of line) {
      const first = versionsOf(pagesOf(await present(ann, checkpoint)))
      expect(versionsOf(pagesOf(await present(ann, checkpoint)))).toEqual(first)
      deltas.push(first)
    }
    const hasMoved = line.slice(1).map(({ cut }, index) => cut > (line[index]?.cut ?? cut))
    const newer = deltas.slice(1)
    expect(newer.map(({ length }, index) => (deltas[index]?.length ?? 0) > length)).toEqual(hasMoved)
    expect(newer).toEqual(newer.map(({ length }, index) => deltas[index]?.slice((deltas[index]?.length ?? 0) - length)))
    expect(new Set(deltas.map((delta) => delta.length)).size).toBeGreaterThan(12)
  })

  test('2: two keys within a snapshot are two positions in it', async () => {
    const { world, ann } = begin()
    const ids = ['a', 'b', 'c', 'd', 'e', 'f']
    await world.partner.importRecords(
      's1',
      'notes',
      ids.map((id) => ({ id })),
    )
    const pages = await ann.sync([], { limit: { ...LARGE, changes: 2 } })
    const rests = []
    for (const { key } of pages.slice(0, 2)) {
      const answer = await present(ann, key)
      rests.push(pagesOf(answer).flatMap((page) => page.changes.map((change) => change.id)))
    }
    expect(rests).toEqual([
      ['c', 'd', 'e', 'f'],
      ['e', 'f'],
    ])
  })

  test('4: a settled key never gets a snapshot, an unsettled one the rest of its own, key 0 a new one', async () => {
    const { world, ann } = begin()
    const ids = Array.from({ length: 9 }, (_, index) => `i${index}`)
    await world.partner.importRecords(
      's1',
      'notes',
      ids.map((id) => ({ id })),
    )
    const limit = { changes: 4, bytes: 1_000_000, pages: 1 }
    const first = await ann.sync([], { limit })
    expect(first).toMatchObject([{ snapshot: true, settled: false }])
    await world.partner.transact('s1', (tx) => tx['notes']?.put({ id: 'i0', text: 'meanwhile' }))
    const rest = await ann.sync()
    const snapshot = rest.filter((page) => page.snapshot)
    expect(snapshot.flatMap((page) => page.changes.map(({ id }) => id))).toEqual(ids.slice(4))
    expect(versionsOf(rest.filter((page) => !page.snapshot))).toHaveLength(1)
    expect(ann.settled).toBe(true)
    for (let step = 0; step < 20; step += 1) {
      await world.partner.transact('s1', (tx) => ids.forEach((id) => tx['notes']?.put({ id, step })))
    }
    const pages = await ann.sync([], { limit: { ...LARGE, changes: 5 } })
    expect(pages.map((page) => page.snapshot)).toEqual(pages.map(() => false))
    expect(versionsOf(pages)).toHaveLength(180)
    const [again] = pagesOf(await ann.send(ann.compose([], { key: 0, partnershipId: null })))
    expect(again).toMatchObject({ snapshot: true, key: { n: 1 } })
  })

  test('6: every kept checkpoint is accepted, one thinned away is expired or rolled back to a kept one, a right n with a wrong tag is refused', async () => {
    const { world, ann } = begin()
    await ann.sync()
    const past: ScriptedInitiator[] = []
    for (let step = 0; step < 40; step += 1) {
      await ann.sync([mutationOf(put(`n${step % 7}`, `${step}`))])
      past.push(ann.copy())
    }
    await ann.sync()
    const kept = await checkpointsOf(world, ann)
    const { n: newest } = ann.key as CheckpointName
    const inRule = Array.from({ length: newest }, (_, index) => index + 1).filter((n) => keptByRule(n, newest))
    expect(kept.map(({ n }) => n)).toEqual(inRule)
    const isKept = (key: Pick<CheckpointName, 'n' | 'tag'>) => kept.some(({ n, tag }) => n === key.n && tag === key.tag)
    const seen: unknown[] = []
    const goals: unknown[] = []
    const expected: unknown[] = []
    for (const old of past) {
      const key = old.key as CheckpointName
      const goal = old.have.find(isKept) ?? null
      seen.push(facts(await old.send(old.compose())), facts(await present(old, { n: key.n, tag: randomHex() })))
      if (isKept(key)) expected.push('reply', `regressed to ${goal?.n}`)
      else expected.push(`regressed to ${goal?.n}`, `regressed to ${goal?.n}`)
      goals.push(facts(await present(old, goal as CheckpointName)))
    }
    expect(seen).toEqual(expected)
    expect(new Set(goals)).toEqual(new Set(['reply']))
    expect(new Set(seen).size).toBeGreaterThan(15)
    // A fork's keys begin somewhere in the middle: what lies before all that it keeps is expired.
    const fork = past.find(({ key }) => key !== 0 && key.n === 32)?.copy() as ScriptedInitiator
    await fork.sync()
    const old = fork.copy()
    for (let step = 0; step < 30; step += 1) await fork.sync([mutationOf(put(`f${step}`, 'x'))])
    expect(facts(await old.send(old.compose()))).toBe('expired')
  })

  test('7: a malformed key is a 400 and stores nothing; a key’s n is stored as an integer', async () => {
    const { world, dump, ann } = begin()
    await ann.sync([mutationOf(put('a', '1'))])
    const before = await dump()
    const tag = randomHex()
    for (const key of [{ n: '1', tag }, { n: 1.5, tag }, { n: -1, tag }, { n: 2 ** 53, tag }, { n: 1 }, '1', null]) {
      const ask = { ...ann.compose([mutationOf(put('b', '2'))]), key }
      const response = await world.partner.fetch(ann.request(JSON.stringify(ask)))
      expect(response.status).toBe(400)
      expect(await dump()).toBe(before)
    }
    const rows = await checkpointsOf(world, ann)
    expect(rows.map(({ n }) => n)).toEqual([1, 2])
    expect(kind === 'memory' || /"n":2[,}]/.test(before)).toBe(true)
  })

  test('9: after success the key is the successor if anything changed, else the same, and nothing is written for it', async () => {
    const { world, dump, ann } = begin()
    await ann.sync()
    const sent = ann.key as CheckpointName
    const [changed] = await ann.sync([mutationOf(put('a', '1'))])
    expect(changed?.key.n).toBe(sent.n + 1)
    expect(changed?.key.tag).not.toBe(sent.tag)
    await ann.sync()
    const before = await dump()
    expect(await ann.sync()).toMatchObject([{ key: changed?.key, changes: [], outcomes: [], more: false }])
    expect(await dump()).toBe(before)
    await world.partner.transact('s1', (tx) => tx['notes']?.put({ id: 'b' }))
    expect((await ann.sync())[0]?.key.n).toBe(sent.n + 2)
  })

  test('10: where the partner has nothing in common, key 0 brings everything, and what was pending is accepted once', async () => {
    const { world, ann } = begin()
    await world.partner.importRecords('s1', 'notes', [{ id: 'a' }, { id: 'b' }])
    await ann.sync()
    const pending = mutationOf(put('own', '1'))
    const lost = ann.compose([pending], { partnershipId: randomHex(), have: [] })
    expect(await ann.send(lost)).toMatchObject({ problem: { reason: 'unknown', rollbackTo: null } })
    const fresh = ann.copy()
    Object.assign(fresh, { key: 0, partnershipId: null })
    await fresh.sync()
    const [page] = await fresh.sync([pending])
    expect(page?.outcomes).toMatchObject([{ type: 'accepted', duplicate: false }])
    expect((await fresh.sync([pending]))[0]?.outcomes).toMatchObject([{ type: 'accepted', duplicate: true }])
    expect([...fresh.records.keys()]).toEqual(['notes/a', 'notes/b', 'notes/own'])
  })
})

test('3: the judgement survives a restart: known, lost, cloned, wrong tag, no partnership, expired', async () => {
  const path = tempFile()
  const first = sqlitePartner(path)
  const ann = first.initiator()
  await ann.sync()
  const oldest = ann.copy()
  await ann.sync([mutationOf(put('old', '1'))])
  first.clock.ms += 91 * 86_400_000
  for (let step = 0; step < 40; step += 1) await ann.sync([mutationOf(put(`n${step % 3}`, `${step}`))])
  const clone = ann.copy()
  await ann.sync([mutationOf(put('a', '1'))])
  await ann.sync([mutationOf(put('a', '2'))])
  await ann.send(ann.compose([mutationOf(put('a', '3'))]))
  await first.partner.prune()
  const judgements = async (world: TestPartner): Promise<readonly unknown[]> => {
    const to = (initiator: ScriptedInitiator) => initiator.copy({ fetch: (request) => world.partner.fetch(request) })
    const { n } = ann.key as CheckpointName
    const seen: unknown[] = []
    for (const [who, changes] of [
      [ann, { key: { n, tag: '0'.repeat(32) } }],
      [ann, { partnershipId: '0'.repeat(32) }],
      [oldest, {}],
      [clone, {}],
      [ann, {}],
    ] as const) {
      const answer = await to(who).send(who.compose([], changes))
      const { problem } = answer.type === 'problem' ? answer : { problem: null }
      seen.push([lastCase(world), problem === null ? versionsOf(pagesOf(answer)) : { ...problem, requestId: '' }])
    }
    return seen
  }
  const before = await judgements(first)
  await first.partner.close()
  const second = sqlitePartner(path)
  expect(await judgements(second)).toEqual(before)
  expect(before.map((entry) => (entry as readonly unknown[])[0])).toEqual(['K5', 'K6', 'K4', 'K3', 'K2'])
  expect(dumpFile(path)).toContain(ann.partnershipId as string)
})
