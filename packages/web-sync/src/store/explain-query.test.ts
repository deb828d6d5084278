import type { SchemaShape } from 'web-sync-protocol'
import { expect, test } from 'vitest'
import type { Query } from '../contract/index.ts'
import { explainQuery } from './explain-query.ts'

const schema: SchemaShape = {
  app: 'test',
  version: 1,
  collections: [
    {
      name: 'notes',
      indexes: { byPlace: ['placeId', 'createdAtMs'], byState: ['state'] },
      putsTravelAsPatch: false,
    },
  ],
}

test.each<[Omit<Query, 'collection'>, string]>([
  [{}, 'reads by id; everything; streams in the order of id asc'],
  [{ where: { id: { prefix: 'a' } } }, 'reads by id; 1 range(s) of id {"prefix":"a"}; streams in the order of id asc'],
  [
    { index: 'byPlace', where: { placeId: 'p', state: 'open' }, direction: 'desc', limit: 20 },
    `reads index 'byPlace'; 1 range(s) of placeId "p"; tests state "open"; ` +
      'streams in the order of placeId, createdAtMs, id desc; stops at 20',
  ],
  // All fields of an index are fixed: its entries come by id.
  [
    { where: { state: 'open', text: 'x' }, limit: 5 },
    `reads index 'byState'; 1 range(s) of state "open"; tests text "x"; streams in the order of id asc; stops at 5`,
  ],
  // An index narrows: what it finds is sorted by id; with a limit records are read by id.
  [
    { where: { placeId: { in: ['p', 'q'] } } },
    `reads index 'byPlace'; 2 range(s) of placeId {"in":["p","q"]}; sorts all by id asc`,
  ],
  [
    { where: { placeId: { in: ['p', 'q'] } }, limit: 5 },
    'reads by id; everything; tests placeId {"in":["p","q"]}; streams in the order of id asc; stops at 5',
  ],
  [
    { index: 'byState', where: { state: { gt: 3, lt: 1 } } },
    `reads index 'byState'; 0 range(s) of state {"gt":3,"lt":1}; streams in the order of state, id asc`,
  ],
])('%j is explained', (query, text) => {
  expect(explainQuery(schema, { collection: 'notes', ...query }).text).toBe(text)
})

test('an explanation is data, too', () => {
  const where = { placeId: 'p', createdAtMs: { gt: 5 }, text: 'x' }
  expect(explainQuery(schema, { collection: 'notes', index: 'byPlace', where })).toMatchObject({
    index: 'byPlace',
    ranges: 1,
    narrowing: { placeId: 'p', createdAtMs: { gt: 5 } },
    residual: { text: 'x' },
    order: ['placeId', 'createdAtMs', 'id'],
    direction: 'asc',
    isSorted: false,
    limit: null,
  })
})
