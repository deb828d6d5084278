import type { Mutation, Op } from 'web-sync-protocol'
import { describe, expect, test } from 'vitest'
import { type AllowAnswer, PartnerError } from './index.ts'
import { mutationOf } from './testing/scripted-initiator.ts'
import { sqlitePartner, testPartner } from './testing/test-partner.fixture.ts'

const insert = (id: string, value: Record<string, string | number> = {}, collection = 'notes'): Op => ({
  op: 'insert',
  collection,
  id,
  base: null,
  value: { id, ...value },
})

/** A mutation whose operations no client of ours would send. */
const bad = (ops: unknown): unknown => ({ mutationId: crypto.randomUUID(), order: 1, ops })

async function* records(count: number): AsyncGenerator<{ id: string; index: number }> {
  for (let index = 0; index < count; index += 1) yield { id: `r${index}`, index }
}

const outcomesOf = async (
  world: ReturnType<typeof testPartner>,
  mutations: readonly unknown[],
): Promise<readonly unknown[]> => {
  const ann = world.initiator()
  await ann.sync()
  const pages = await ann.sync(mutations as readonly Mutation[])
  return pages.flatMap(({ outcomes }) => outcomes)
}

describe('the mutations of an ask', () => {
  test('bad ones are refused beside good ones, each with code and path, and nothing of them is stored', async () => {
    const world = sqlitePartner()
    const deep = JSON.parse(`${'['.repeat(1_000)}${']'.repeat(1_000)}`) as unknown
    const outcomes = await outcomesOf(world, [
      mutationOf(insert('good1')),
      bad([{ ...insert('x'), value: { id: 'x', a: { b: 'a\u0000' } } }]),
      bad([insert('ok'), { ...insert('x'), value: { id: 'x', deep } }]),
      bad([{ ...insert('y'), value: { id: 'other' } }]),
      bad([]),
      bad('no array'),
      mutationOf(insert('x', {}, 'nowhere')),
      mutationOf(insert('t', { title: 5 }, 'titled')),
      mutationOf(insert('big', { text: 'x'.repeat(262_145) })),
      mutationOf(insert('good1')),
      mutationOf(insert('good2')),
    ])
    expect(outcomes).toMatchObject([
      { type: 'accepted' },
      { type: 'refused', code: 'invalid-value', path: '/0/value/a/b' },
      { type: 'refused', code: 'invalid-value' },
      { type: 'refused', code: 'invalid-value', path: '/0/value/id' },
      { type: 'refused', code: 'invalid-value', path: '' },
      { type: 'refused', code: 'invalid-value', path: '' },
      { type: 'refused', code: 'unknown-collection', path: '/0/collection' },
      { type: 'refused', code: 'invalid-record', path: '/0/value/title' },
      { type: 'refused', code: 'too-large' },
      { type: 'conflict', code: 'record-exists', path: '/0' },
      { type: 'accepted' },
    ])
    expect((await world.partner.inspect('s1')).head).toBe(2)
    expect(await world.partner.read('s1', 'notes', 'ok')).toBeNull()
  })

  test('a mutation of many records is all or nothing, and its later operations see the earlier ones', async () => {
    const world = testPartner()
    const outcomes = await outcomesOf(world, [
      mutationOf(insert('a', { v: 1 }), insert('b'), insert('a')),
      mutationOf(insert('c', { v: 1 }), { op: 'delete', collection: 'notes', id: 'c', base: null }),
      mutationOf(insert('d', { v: 1 }), insert('e')),
    ])
    expect(outcomes).toMatchObject([
      { type: 'conflict', code: 'record-exists', path: '/2' },
      { type: 'accepted', versions: [{ id: 'c', version: null }] },
      { type: 'accepted', versions: [{ id: 'd' }, { id: 'e' }] },
    ])
    expect(await world.partner.read('s1', 'notes', 'a')).toBeNull()
    expect(await world.partner.read('s1', 'notes', 'd')).toMatchObject({ value: { v: 1 } })
  })

  test('a used id with another content is refused, and a repeated one gets its first outcome', async () => {
    const world = testPartner()
    const first = mutationOf(insert('a'))
    const refused = mutationOf(insert('t', { title: 5 }, 'titled'))
    const outcomes = await outcomesOf(world, [
      first,
      refused,
      { ...first, ops: [insert('b')] },
      first,
      refused,
      { ...first, ops: [{ ...insert('a'), base: '7-00000000000000aa' }] },
    ])
    expect(outcomes).toMatchObject([
      { type: 'accepted', duplicate: false },
      { type: 'refused', duplicate: false },
      { type: 'refused', code: 'id-reused', duplicate: false },
      { type: 'accepted', duplicate: true },
      { type: 'refused', code: 'invalid-record', duplicate: true },
      // Made on another version, but the same intention: a replay after a rollback.
      { type: 'accepted', duplicate: true },
    ])
    expect((await world.partner.inspect('s1')).head).toBe(1)
  })

  test('what was made on a refused mutation is refused too, in the same ask and later', async () => {
    const world = testPartner()
    const ann = world.initiator()
    await ann.sync()
    const first = mutationOf(insert('t', { title: 5 }, 'titled'))
    const onIt = (): Mutation =>
      mutationOf({
        op: 'patch',
        collection: 'titled',
        id: 't',
        base: null,
        baseMutation: first.mutationId,
        value: { a: 1 },
      })
    const [page] = await ann.sync([first, onIt(), mutationOf(insert('free'))])
    expect(page?.outcomes).toMatchObject([
      { code: 'invalid-record' },
      { code: 'depends-on-refused', path: '/0/baseMutation' },
      { type: 'accepted' },
    ])
    const [later] = await ann.sync([onIt()])
    expect(later?.outcomes).toMatchObject([{ code: 'depends-on-refused' }])
  })

  test('a chain made on own results does not conflict with itself, nor when it is repeated', async () => {
    const world = testPartner()
    const ann = world.initiator()
    await ann.sync()
    const one = mutationOf(insert('s', { v: 1 }, 'strict'))
    const two = mutationOf({
      op: 'put',
      collection: 'strict',
      id: 's',
      base: null,
      baseMutation: one.mutationId,
      value: { id: 's', v: 2 },
    })
    expect((await ann.sync([one, two]))[0]?.outcomes).toMatchObject([{ type: 'accepted' }, { type: 'accepted' }])
    expect((await ann.sync([one, two]))[0]?.outcomes).toMatchObject([{ duplicate: true }, { duplicate: true }])
    expect(await world.partner.read('s1', 'strict', 's')).toMatchObject({ value: { v: 2 } })
  })

  test('a write without effect is accepted with the record’s version and makes no change', async () => {
    const world = testPartner()
    const ann = world.initiator()
    await ann.sync()
    await ann.sync([mutationOf(insert('a', { v: 1 }))])
    const version = ann.records.get('notes/a')?.version ?? ''
    const [page] = await ann.sync([
      mutationOf({ op: 'patch', collection: 'notes', id: 'a', base: version, value: { v: 1 } }),
      mutationOf({ op: 'delete', collection: 'notes', id: 'nothing', base: null }),
    ])
    expect(page).toMatchObject({ changes: [], key: { n: 3 } })
    expect(page?.outcomes).toMatchObject([
      { type: 'accepted', versions: [{ id: 'a', version }] },
      { type: 'accepted', versions: [{ id: 'nothing', version: null }] },
    ])
  })

  test('the rule for a single mutation decides alone about it, and a reader’s writes are read-only', async () => {
    const world = testPartner({
      authorize: ({ account }) => (account === 'reader' ? 'read' : 'write'),
      allow: ({ op, current }): AllowAnswer =>
        current?.value['locked'] === 1
          ? { message: 'locked', path: '/id' }
          : op.id !== 'x' || { code: 'read-only', message: 'no x' },
    })
    const [, locked] = [mutationOf(insert('l', { locked: 1 })), mutationOf(insert('l'))]
    const outcomes = await outcomesOf(world, [mutationOf(insert('l', { locked: 1 })), locked, mutationOf(insert('x'))])
    expect(outcomes).toMatchObject([
      { type: 'accepted' },
      { type: 'refused', code: 'not-allowed', path: '/0/id', message: 'locked' },
      { type: 'refused', code: 'read-only', path: '/0' },
    ])
    const reader = world.initiator({ account: 'reader' })
    await reader.sync()
    expect((await reader.sync([mutationOf(insert('r'))]))[0]?.outcomes).toMatchObject([{ code: 'read-only' }])
  })

  test('a rule that throws fails the whole ask with 500, stores nothing of it, and is reported', async () => {
    const world = sqlitePartner(undefined, {
      allow: ({ op }) => {
        if (op.id === 'boom') throw new Error('bug')
        return true
      },
    })
    const ann = world.initiator()
    await ann.sync()
    const good = mutationOf(insert('good'))
    const answer = await ann.send(ann.compose([good, mutationOf(insert('boom'))]))
    expect(answer).toMatchObject({ status: 500, problem: { code: 'internal' } })
    expect(world.events.at(-1)).toMatchObject({ type: 'error', error: new Error('bug') })
    expect(await world.partner.read('s1', 'notes', 'good')).toBeNull()
    expect((await ann.sync([good]))[0]?.outcomes).toMatchObject([{ type: 'accepted', duplicate: false }])
  })

  test('beyond the operations of one ask all is «later», and an oversized first one is still tried', async () => {
    const world = testPartner({ limits: { opsPerAsk: 3 } })
    const two = (): Mutation => mutationOf(insert(crypto.randomUUID()), insert(crypto.randomUUID()))
    expect(await outcomesOf(world, [two(), two(), mutationOf(insert('z'))])).toMatchObject([
      { type: 'accepted' },
      { type: 'later' },
      { type: 'later' },
    ])
    const four = mutationOf(insert('1'), insert('2'), insert('3'), insert('4'))
    expect(await outcomesOf(world, [four])).toMatchObject([{ type: 'accepted' }])
  })
})

describe('the partner’s own writes', () => {
  test('are all or nothing, unconditional, validated, and reach the replicas', async () => {
    const world = testPartner()
    const ann = world.initiator()
    await ann.sync()
    const result = await world.partner.transact('s1', (tx) => {
      tx['notes']?.insert({ id: 'a', v: 1 })
      tx['notes']?.patch('a', { w: 2 })
      tx['tags']?.put({ id: 't' })
    })
    expect(result.versions).toHaveLength(2)
    const [page] = await ann.sync()
    expect(page?.changes).toMatchObject([{ id: 'a', value: { v: 1, w: 2 }, mutationId: result.mutationId }])
    await expect(
      world.partner.transact('s1', (tx) => {
        tx['notes']?.delete('a')
        tx['titled']?.put({ id: 't', title: 5 })
      }),
    ).rejects.toMatchObject({ code: 'refused', refusal: 'invalid-record', path: '/1/value/title' })
    expect(await world.partner.read('s1', 'notes', 'a')).not.toBeNull()
    await expect(world.partner.transact('s1', (tx) => tx['notes']?.insert({ id: 'a' }))).rejects.toBeInstanceOf(
      PartnerError,
    )
  })

  test('an import is streamed in batches, can be repeated, and stops at the first bad record with its place', async () => {
    const world = sqlitePartner()
    const seen: number[] = []
    const options = { batch: 1_000, onProgress: (progress: { records: number }) => seen.push(progress.records) }
    expect(await world.partner.importRecords('s1', 'notes', records(2_500), options)).toEqual({
      records: 2_500,
      unchanged: 0,
    })
    expect(seen).toEqual([1_000, 2_000, 2_500])
    expect(await world.partner.importRecords('s1', 'notes', records(2_501))).toEqual({
      records: 2_501,
      unchanged: 2_500,
    })
    expect((await world.partner.inspect('s1')).head).toBe(2_501)
    await expect(
      world.partner.importRecords('s1', 'titled', [
        { id: 'a', title: 'x' },
        { id: 'b', title: 1 },
      ]),
    ).rejects.toThrow(/record 2 .*\/title/)
    const ann = world.initiator()
    await ann.sync()
    expect(ann.records.size).toBe(2_501)
  })
})
