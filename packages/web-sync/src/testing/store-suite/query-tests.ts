import type { JsonObject } from 'web-sync-protocol'
import type { Query } from '../../contract/index.ts'
import { checkEqual, checkRejects } from './check.ts'
import { type Bench, type StoreTest, note } from './device.ts'

/** Queries over base and overlay. */
export const QUERY_TESTS: readonly StoreTest[] = [
  {
    name: 'an index orders all records: null and missing, false, true, numbers, strings, the rest; ties by id',
    async run(bench) {
      const ids = await finder(bench, [
        { id: 'z', text: 'b' },
        { id: 'a', text: 'b' },
        { id: 'm' },
        { id: 'n', text: null },
        { id: 'f', text: false },
        { id: 't', text: true },
        { id: '2', text: 2 },
        { id: '-1', text: -1 },
        { id: 'o', text: {} },
        { id: 'l', text: [] },
      ])
      const order = ['m', 'n', 'f', 't', '-1', '2', 'a', 'z', 'l', 'o']
      checkEqual(await ids({ index: 'byText' }), order, 'ascending')
      checkEqual(await ids({ index: 'byText', direction: 'desc' }), order.toReversed(), 'descending')
      checkEqual(await ids({ index: 'byText', direction: 'desc', limit: 3 }), ['o', 'l', 'z'], 'the last three')
      checkEqual(await ids({}), order.toSorted(), 'by id without an index')
    },
  },
  {
    name: 'conditions compare within one kind of value; null finds missing fields too',
    async run(bench) {
      const ids = await finder(bench, [
        { id: '1', text: 1 },
        { id: '2', text: 2 },
        { id: '3', text: 3 },
        { id: 's', text: 'abc' },
        { id: 'u', text: 'abd' },
        { id: 'n' },
        { id: 'b', text: true },
      ])
      for (const index of ['byText', undefined]) {
        const where = (text: NonNullable<Query['where']>[string]): Promise<unknown> =>
          ids({ ...(index === undefined ? {} : { index }), where: { text } })
        checkEqual(await where({ gt: 1 }), ['2', '3'], 'gt')
        checkEqual(await where({ gte: 2, lt: 3 }), ['2'], 'gte and lt')
        checkEqual(await where({ lte: 2 }), ['1', '2'], 'lte')
        checkEqual(await where({ gt: 3, lt: 1 }), [], 'nothing')
        checkEqual(await where({ gt: 1, lt: 'x' }), [], 'two kinds')
        checkEqual(await where({ prefix: 'ab' }), ['s', 'u'], 'prefix')
        checkEqual(await where({ prefix: 'abd' }), ['u'], 'prefix')
        checkEqual(
          await where({ in: [3, 'abc', 1, 1, null] }),
          index === undefined ? ['1', '3', 'n', 's'] : ['n', '1', '3', 's'],
          'in',
        )
        checkEqual(await where(null), ['n'], 'null')
        checkEqual(await where(true), ['b'], 'true')
        checkEqual(await where({ gte: false }), ['b'], 'booleans')
      }
    },
  },
  {
    name: 'an index over several fields narrows by its leading ones',
    async run(bench) {
      const ids = await finder(bench, [
        { id: 'a', rank: 1, text: 'x', more: 1 },
        { id: 'b', rank: 1, text: 'y', more: 2 },
        { id: 'c', rank: 2, text: 'x', more: 1 },
        { id: 'd', rank: 1, text: 'xy', more: 2 },
      ])
      const index = 'byRank'
      checkEqual(await ids({ index, where: { rank: 1 } }), ['a', 'd', 'b'], 'one field')
      checkEqual(await ids({ index, where: { rank: 1, text: { prefix: 'x' } } }), ['a', 'd'], 'two fields')
      checkEqual(await ids({ index, where: { rank: 1, more: 2 }, direction: 'desc' }), ['b', 'd'], 'and a filter')
      checkEqual(await ids({ index, where: { text: 'x' } }), ['a', 'c'], 'only the second')
      checkEqual(await ids({ where: { id: 'c' } }), ['c'], 'by id')
    },
  },
  {
    name: 'pending writes are in every query, where their new values belong',
    async run(bench) {
      const store = await bench.openSynced({ id: 'a', text: '1' }, { id: 'b', text: '2' }, { id: 'c', text: '3' })
      await bench.write(store, note.patch('a', { text: '4' }), note.delete('b'), note.insert('d', { text: '0' }))
      const found = await store.query({ collection: 'notes', index: 'byText' })
      checkEqual(
        found.records.map((value) => value['id']),
        ['d', 'c', 'a'],
        'merged',
      )
      const limited = await store.query({ collection: 'notes', index: 'byText', direction: 'desc', limit: 2 })
      checkEqual(
        limited.records.map((value) => value['id']),
        ['a', 'c'],
        'limited',
      )
      checkEqual(
        [
          await store.count({ collection: 'notes' }),
          await store.count({ collection: 'notes', where: { text: { gte: '3' } } }),
        ],
        [3, 2],
        'counts',
      )
      checkEqual([await store.get('notes', 'b'), (await store.get('notes', 'a'))?.['text']], [undefined, '4'], 'get')
    },
  },
  {
    name: 'a query over more than a batch returns all records once',
    async run(bench) {
      const values = Array.from({ length: 2_345 }, (_, n) => ({ id: `n${n}`, text: `${n % 10}` }))
      const store = await bench.openSynced(...values)
      for (const index of ['byText', 'byRank']) {
        const found = await store.query({ collection: 'notes', index })
        checkEqual(
          [found.records.length, new Set(found.records.map((value) => value['id'])).size],
          [2_345, 2_345],
          index,
        )
      }
      checkEqual(
        await store.count({ collection: 'notes', index: 'byText', where: { text: { in: ['1', '2'] } } }),
        470,
        'a count',
      )
    },
  },
  {
    name: 'a result goes on after its cursor, also when the record at it has gone or has moved',
    async run(bench) {
      const texts = ['x', 'x', 'y', 'x', 'x'].map((text, index) => ({ id: `n${index}`, text }))
      const store = await bench.openSynced(...texts)
      const ask = async (query: Omit<Query, 'collection'>): Promise<[unknown, string | null]> => {
        const { records, next } = await store.query({ collection: 'notes', limit: 2, ...query })
        return [records.map(({ id }) => id), next]
      }
      const expect = async (query: Omit<Query, 'collection'>, first: unknown, second: unknown): Promise<string> => {
        const [begun, next] = await ask(query)
        const [rest, end] = await ask({ ...query, limit: 9, after: next as string })
        checkEqual([begun, rest, end], [first, second, null], JSON.stringify(query))
        return next as string
      }
      await expect({}, ['n0', 'n1'], ['n2', 'n3', 'n4'])
      await expect({ direction: 'desc' }, ['n4', 'n3'], ['n2', 'n1', 'n0'])
      // By id, read in an index whose only field is fixed.
      await expect({ where: { text: 'x' } }, ['n0', 'n1'], ['n3', 'n4'])
      const after = await expect({ index: 'byText', where: { text: { prefix: '' } } }, ['n0', 'n1'], ['n3', 'n4', 'n2'])
      await bench.write(store, note.delete('n1'), note.patch('n0', { text: 'z' }))
      checkEqual((await ask({ index: 'byText', limit: 9, after }))[0], ['n3', 'n4', 'n2', 'n0'], 'after changes')
      checkEqual(await store.count({ collection: 'notes', index: 'byText', after }), 4, 'the count')
      for (const wrong of ['', 'null', '[]', '["notes","byText",[9],"n1"]', '["notes",null,"n1"]', 7 as never]) {
        await checkRejects(ask({ index: 'byText', after: wrong }), 'invalid-query', `the cursor ${wrong}`)
      }
    },
  },
  {
    name: 'a query that does not fit the schema is an error that says so',
    async run(bench) {
      const store = await bench.openSynced()
      await checkRejects(store.query({ collection: 'nowhere' }), 'unknown-collection', 'a collection')
      await checkRejects(store.get('nowhere', 'a'), 'unknown-collection', 'a collection')
      await checkRejects(store.query({ collection: 'notes', index: 'byNothing' }), 'invalid-query', 'an index')
      await checkRejects(store.query({ collection: 'notes', limit: -1 }), 'invalid-query', 'a limit')
      await checkRejects(
        store.query({ collection: 'notes', where: { a: { like: 'x' } as never } }),
        'invalid-query',
        'a condition',
      )
      await checkRejects(store.count({ collection: 'notes', where: { a: [] as never } }), 'invalid-query', 'a value')
    },
  },
]

/** A store with these notes; the ids that a query finds, in order. */
async function finder(
  bench: Bench,
  values: readonly JsonObject[],
): Promise<(query: Omit<Query, 'collection'>) => Promise<unknown>> {
  const store = await bench.openSynced(...values)
  return async (query) => (await store.query({ collection: 'notes', ...query })).records.map((value) => value['id'])
}
