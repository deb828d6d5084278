import * as fc from 'fast-check'
import { isSameDigest, type Op, type Page } from 'web-sync-protocol'
import { describe, expect, test } from 'vitest'
import { anyBytes, type PartnerStorage } from './index.ts'
import { mutationOf, type ScriptedInitiator } from './testing/scripted-initiator.ts'
import { sqlitePartner, testPartner, type TestPartner } from './testing/test-partner.fixture.ts'

/** One step of a random history. */
type Step =
  | { readonly type: 'write'; readonly who: number; readonly ids: readonly number[]; readonly kind: Op['op'] }
  | { readonly type: 'own'; readonly ids: readonly number[]; readonly isDelete: boolean }
  | { readonly type: 'pull' | 'lose' | 'page'; readonly who: number }

const ids = fc.array(fc.nat(12), { minLength: 1, maxLength: 5 })
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    type: fc.constant('write' as const),
    who: fc.nat(2),
    ids,
    kind: fc.constantFrom('insert', 'put', 'patch', 'delete'),
  }),
  fc.record({ type: fc.constant('own' as const), ids, isDelete: fc.boolean() }),
  fc.record({ type: fc.constantFrom('pull' as const, 'lose' as const, 'page' as const), who: fc.nat(2) }),
)

const collectionOf = (id: number): string => (id % 3 === 0 ? 'tags' : 'notes')
const small = { changes: 3, bytes: 100_000, pages: 1 }

const opOf = (initiator: ScriptedInitiator, kind: Op['op'], id: number): Op => {
  const name = `r${id}`
  const base = initiator.records.get(`${collectionOf(id)}/${name}`)?.version ?? null
  const target = { collection: collectionOf(id), id: name, base }
  if (kind === 'delete') return { op: kind, ...target }
  return { op: kind, ...target, value: { id: name, v: Math.random() } }
}

const checkPage = (initiator: ScriptedInitiator, page: Page): void => {
  if (page.digest === null) return
  expect(isSameDigest(page.digest, initiator.recount(), page.collections)).toBe(true)
}

/** Sends, applies page by page, and compares the digest of each page with the data that it leads to. */
const exchange = async (initiator: ScriptedInitiator, ops: readonly Op[], limit = small): Promise<boolean> => {
  const answer = await initiator.send(initiator.compose(ops.length === 0 ? [] : [mutationOf(...ops)], { limit }))
  if (answer.type === 'problem') throw new Error(answer.problem.code)
  const sent = initiator.key === 0 ? 0 : initiator.key.n
  const isSilent = answer.pages.every(({ changes, outcomes, more }) => changes.length + outcomes.length === 0 && !more)
  const isSame = isSilent && answer.pages[0]?.key.n === sent
  expect(answer.pages.map(({ key }) => key.n)).toEqual(answer.pages.map((_, index) => sent + (isSame ? 0 : index + 1)))
  for (const page of answer.pages) {
    initiator.apply(answer.head, page)
    checkPage(initiator, page)
  }
  return answer.pages.at(-1)?.more === true
}

const run = async (world: TestPartner, steps: readonly Step[]): Promise<void> => {
  const initiators = [0, 1, 2].map((who) => world.initiator({ account: `a${who}`, collections: ['notes', 'tags'] }))
  const at = (who: number): ScriptedInitiator => initiators[who] as ScriptedInitiator
  for (const entry of steps) {
    if (entry.type === 'own') {
      await world.partner.transact('s1', (tx) => {
        for (const id of entry.ids) {
          if (entry.isDelete) tx[collectionOf(id)]?.delete(`r${id}`)
          else tx[collectionOf(id)]?.put({ id: `r${id}`, v: Math.random() })
        }
      })
      continue
    }
    const initiator = at(entry.who)
    if (entry.type === 'write')
      await exchange(
        initiator,
        entry.ids.map((id) => opOf(initiator, entry.kind, id)),
      )
    else if (entry.type === 'lose') await initiator.send(initiator.compose([], { limit: small }))
    else await exchange(initiator, [], entry.type === 'page' ? { ...small, changes: 1 } : small)
  }
  for (const initiator of initiators) while (await exchange(initiator, [])) continue
  const fresh = world.initiator({ collections: ['notes', 'tags'] })
  await fresh.sync()
  for (const initiator of initiators) expect(initiator.records).toEqual(fresh.records)
  const { digest } = await world.partner.inspect('s1')
  expect(isSameDigest(digest, fresh.recount(), ['notes', 'tags'])).toBe(true)
  await expectNoGaps(world.storage)
  await expectIncrements(world)
}

/** Of every stored checkpoint that goes on from another one, n is that one's n + 1: no other number has the parent's tag. */
const expectIncrements = async (world: TestPartner): Promise<void> => {
  const { partnerships } = await world.partner.inspect('s1')
  for (const { checkpoints } of partnerships) {
    const numbers = new Map(checkpoints.map(({ n, tag }) => [tag, n]))
    const children = checkpoints.filter(({ parentTag }) => parentTag !== null && numbers.has(parentTag))
    expect(children.map(({ n }) => n - 1)).toEqual(children.map(({ parentTag }) => numbers.get(parentTag as string)))
    expect(checkpoints.every(({ n }) => Number.isSafeInteger(n) && n > 0)).toBe(true)
  }
}

/** Numbers follow each other, and each mutation's rows end with its own last. */
const expectNoGaps = async (storage: PartnerStorage): Promise<void> => {
  await storage.read('s1', async (tx) => {
    const { head } = await tx.getSpace()
    const rows = await tx.listLog(0, head, anyBytes(head + 1))
    expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: head }, (_, index) => index + 1))
    for (const [index, row] of rows.entries()) {
      const next = rows[index + 1]
      expect(row.txEnd).toBe(next !== undefined && next.number <= row.txEnd ? next.txEnd : row.number)
    }
  })
}

describe('random histories', () => {
  test('in memory: digests equal a recount, all replicas converge, numbers have no gaps, a child’s n is its parent’s n + 1', async () => {
    const property = fc.asyncProperty(fc.array(step, { maxLength: 40 }), (steps) => run(testPartner(), steps))
    expect(await fc.check(property, { numRuns: 60 })).toMatchObject({ failed: false, counterexample: null })
  }, 60_000)

  test('on SQLite as well', async () => {
    const property = fc.asyncProperty(fc.array(step, { maxLength: 25 }), (steps) =>
      run(sqlitePartner(':memory:'), steps),
    )
    expect(await fc.check(property, { numRuns: 20 })).toMatchObject({ failed: false, counterexample: null })
  }, 60_000)
})

/** A mutation of so many records. */
const inserts = (name: string, count: number) =>
  mutationOf(
    ...Array.from({ length: count }, (_, index): Op => {
      const id = `${name}${index}`
      return { op: 'insert', collection: 'notes', id, base: null, value: { id } }
    }),
  )

describe('pages', () => {
  test('a page ends between mutations, and a mutation larger than a page travels whole', async () => {
    const world = testPartner()
    const ann = world.initiator()
    await ann.sync()
    const reader = world.initiator({ account: 'bob' })
    await reader.sync()
    await ann.sync([inserts('a', 2), inserts('b', 2), inserts('c', 9), inserts('d', 1)])
    const pages = await reader.sync([], { limit: { changes: 4, bytes: 100_000, pages: 100 } })
    expect(pages.map(({ changes, more }) => [changes.length, more])).toEqual([
      [4, true],
      [9, true],
      [1, false],
    ])
    expect(new Set(pages.map(({ key }) => key.n)).size).toBe(3)
    const bytes = await world.initiator().sync([], { limit: { changes: 500, bytes: 1, pages: 100 } })
    expect(bytes).toHaveLength(14)
  })

  test('the first pages of a snapshot are small and double what there is; the log’s pages are as large as they may be', async () => {
    const world = testPartner()
    const records = Array.from({ length: 3_000 }, (_, index) => ({ id: `i${index}` }))
    await world.partner.importRecords('s1', 'notes', records)
    const limit = { changes: 800, bytes: 1_000_000, pages: 100 }
    const reader = world.initiator()
    expect((await reader.sync([], { limit })).map(({ changes }) => changes.length)).toEqual([
      250, 250, 500, 800, 800, 400,
    ])
    await world.partner.transact('s1', (tx) => {
      for (const { id } of records.slice(0, 700)) tx['notes']?.put({ id, v: 1 })
    })
    expect((await reader.sync([], { limit })).map(({ changes }) => changes.length)).toEqual([700])
    // Who goes on with a snapshot begins with what it has.
    const other = world.initiator()
    await other.sync([], { limit: { ...limit, pages: 2 } })
    expect((await other.sync([], { limit: { ...limit, pages: 1 } })).map(({ changes }) => changes.length)).toEqual([
      500,
    ])
  })

  test('outcomes travel with the page that carries their changes', async () => {
    const world = testPartner()
    const ann = world.initiator()
    await ann.sync()
    await world.partner.importRecords(
      's1',
      'notes',
      Array.from({ length: 6 }, (_, index) => ({ id: `i${index}` })),
    )
    const write = mutationOf({ op: 'insert', collection: 'notes', id: 'own', base: null, value: { id: 'own' } })
    const refused = mutationOf({ op: 'insert', collection: 'notes', id: 'i0', base: null, value: { id: 'i0' } })
    const pages = await ann.sync([write, refused], { limit: { changes: 4, bytes: 100_000, pages: 100 } })
    expect(pages.map(({ outcomes }) => outcomes.map(({ mutationId }) => mutationId))).toEqual([
      [refused.mutationId],
      [write.mutationId],
    ])
  })

  test('a snapshot read while others write ends in the partner’s state, and is not settled before', async () => {
    const world = testPartner()
    await world.partner.importRecords(
      's1',
      'notes',
      Array.from({ length: 40 }, (_, index) => ({ id: `n${index}`, v: 0 })),
    )
    const ann = world.initiator()
    let more = true
    for (let round = 0; more; round += 1) {
      const limit = { changes: 7, bytes: 100_000, pages: 1 }
      const [page] = await ann.sync([], { limit })
      more = page?.more === true
      expect(page?.settled).toBe(!more)
      if (round < 5) {
        await world.partner.transact('s1', (tx) => {
          tx['notes']?.put({ id: `n${round}`, v: 1 })
          tx['notes']?.delete(`n${39 - round}`)
          tx['notes']?.put({ id: `z${round}`, v: 1 })
        })
      }
    }
    expect(ann.settled).toBe(true)
    const fresh = world.initiator()
    await fresh.sync()
    expect(ann.records).toEqual(fresh.records)
    expect(fresh.records.size).toBe(40)
  })

  test('fifty exchanges whose hooks end in reversed order: numbers in the order of commits, nothing doubled or lost', async () => {
    const gates: (() => void)[] = []
    const order: string[] = []
    const world = sqlitePartner(undefined, {
      // The platform's hash works on several threads and would mix the order that the hooks give.
      hash: async (text) => text,
      authorize: async ({ account }): Promise<'write'> => {
        if (account.startsWith('w')) {
          await new Promise<void>((resolve) => {
            gates.push(resolve)
          })
        }
        return 'write'
      },
      allow: ({ account }) => {
        order.push(account)
        return true
      },
    })
    const asks = Array.from({ length: 50 }, (_, index) => {
      const initiator = world.initiator({ account: `w${index}` })
      const id = `r${index}`
      const write = mutationOf({ op: 'insert', collection: 'notes', id, base: null, value: { id } })
      return initiator.send(initiator.compose([write], { limit: { ...small, pages: 1 } }))
    })
    await expect.poll(() => gates.length).toBe(50)
    for (const open of gates.toReversed()) open()
    const answers = await Promise.all(asks)
    expect(answers.every(({ type }) => type === 'reply')).toBe(true)
    expect(order).toEqual(Array.from({ length: 50 }, (_, index) => `w${49 - index}`))
    await expectNoGaps(world.storage)
    await world.storage.read('s1', async (tx) => {
      const rows = await tx.listLog(0, 50, anyBytes(50))
      expect(rows.map(({ id }) => id)).toEqual(order.map((account) => account.replace('w', 'r')))
    })
  })

  test('a stream ends when somebody else goes on from its last page, and when access ends', async () => {
    let access: 'write' | 'ended' = 'write'
    const world = testPartner({ authorize: () => access })
    await world.partner.importRecords(
      's1',
      'notes',
      Array.from({ length: 9 }, (_, index) => ({ id: `n${index}` })),
    )
    const limit = { changes: 2, bytes: 100_000, pages: 100 }
    const open = async () => {
      const ann = world.initiator()
      const response = await world.partner.fetch(ann.request(JSON.stringify(ann.compose([], { limit }))))
      const reader = (response.body as ReadableStream<Uint8Array>).getReader()
      const first = new TextDecoder()
        .decode((await reader.read()).value)
        .trimEnd()
        .split('\n')
      const [head, page] = first.map((line) => JSON.parse(line) as Record<string, unknown>)
      return { ann, reader, head, page }
    }
    const raced = await open()
    const other = Object.assign(raced.ann.copy(), {
      partnershipId: raced.head?.['partnershipId'],
      key: raced.page?.['key'],
    })
    await other.sync([], { limit: { ...limit, pages: 1 } })
    expect((await raced.reader.read()).done).toBe(true)
    const revoked = await open()
    access = 'ended'
    expect((await revoked.reader.read()).done).toBe(true)
    expect(await other.send(other.compose())).toMatchObject({ status: 403, problem: { code: 'access-ended' } })
  })
})

const replay = async (world: TestPartner, name: string, ...ops: readonly Op[]) => {
  const initiator = world.initiator({ account: name })
  await initiator.sync()
  const mutation = mutationOf(...ops)
  await initiator.sync([mutation])
  return mutation.mutationId
}
const text = (world: TestPartner) => world.partner.read('s1', 'notes', 'a')

describe('a deletion that is replayed before what it deletes', () => {
  test('after a restore the record does not come back, whoever replays first', async () => {
    for (const world of [testPartner(), sqlitePartner(':memory:')]) {
      const insert = mutationOf({ op: 'insert', collection: 'notes', id: 'a', base: null, value: { id: 'a', v: 1 } })
      const target = { collection: 'notes', id: 'a', base: `7-${'0'.repeat(16)}`, baseMutation: insert.mutationId }
      await replay(world, 'ben', { op: 'delete', ...target })
      const author = world.initiator({ account: 'ann' })
      await author.sync()
      await author.sync([insert])
      expect(await text(world)).toBe(null)
    }
  })

  test('what leads up to the version that was deleted lives until that version comes', async () => {
    const world = testPartner()
    const target = { collection: 'notes', id: 'a', base: null }
    const insert = mutationOf({ op: 'insert', ...target, value: { id: 'a', v: 1 } })
    const patch = mutationOf({ op: 'patch', ...target, baseMutation: insert.mutationId, value: { v: 2 } })
    await replay(world, 'ben', { op: 'delete', ...target, baseMutation: patch.mutationId })
    const author = world.initiator({ account: 'ann' })
    await author.sync()
    await author.sync([insert])
    expect((await text(world))?.value).toEqual({ id: 'a', v: 1 })
    await author.sync([patch])
    expect(await text(world)).toBe(null)
  })

  test('it is not called durable before a backup or standby has it', async () => {
    for (const world of [testPartner(), sqlitePartner(':memory:')]) {
      const ben = world.initiator({ account: 'ben' })
      await ben.sync()
      await world.storage.markDurable(null)
      const waiting = {
        op: 'delete',
        collection: 'notes',
        id: 'a',
        base: null,
        baseMutation: mutationOf().mutationId,
      } as const
      await ben.sync([mutationOf(waiting)])
      const key = ben.key === 0 ? 0 : ben.key.n
      const durable = async (): Promise<number> => {
        const answer = await ben.send(ben.compose())
        return answer.type === 'problem' ? -1 : answer.head.durable
      }
      expect(await durable()).toBeLessThan(key)
      await world.storage.markDurable(null)
      expect(await durable()).toBe(key)
    }
  })

  test('a record that is made anew without knowing of it stays', async () => {
    const world = testPartner()
    const target = { collection: 'notes', id: 'a', base: null }
    await replay(world, 'ben', { op: 'delete', ...target, baseMutation: mutationOf().mutationId })
    await replay(world, 'ann', { op: 'insert', ...target, value: { id: 'a', v: 1 } })
    expect((await text(world))?.value).toEqual({ id: 'a', v: 1 })
  })
})
