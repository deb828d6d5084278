import type { JsonObject, SchemaShape } from 'web-sync-protocol'
import { expect, test } from 'vitest'
import { type Query, type QueryResult, type RecordChange, type SpaceEvent, SyncError } from '../contract/index.ts'
import { isMatch } from '../store/query-match.ts'
import { planQuery } from '../store/query-plan.ts'
import { compareInPlan } from '../store/run-query.ts'
import { LiveQueries } from './live-queries.ts'

const schema: SchemaShape = {
  app: 'test',
  version: 1,
  collections: [{ name: 'notes', indexes: { byRank: ['rank'] }, putsTravelAsPatch: false }],
}

/** Live queries over records in a map, with the events as they come. */
class Bench {
  readonly records = new Map<string, JsonObject>()
  runs = 0
  isPartial = false
  fault: Error | null = null
  /** Called when the records were read, before they are answered. */
  afterRead: () => void = () => undefined
  readonly #events: SpaceEvent[] = []
  #isWaitedFor: ((event: SpaceEvent) => void) | null = null
  readonly queries = new LiveQueries({
    plan: (query) => planQuery(schema, query),
    run: async (query): Promise<QueryResult<JsonObject>> => {
      this.runs += 1
      if (this.fault !== null) throw this.fault
      const plan = planQuery(schema, query)
      const records = [...this.records.values()]
        .filter((value) => isMatch(value, plan.where))
        .toSorted((a, b) => compareInPlan(plan, a, b))
        .slice(0, plan.limit)
      this.afterRead()
      return { records, isPartial: this.isPartial, next: null }
    },
    emit: (event) => {
      const waiting = this.#isWaitedFor
      this.#isWaitedFor = null
      if (waiting === null) this.#events.push(event)
      else waiting(event)
    },
  })

  constructor(...ranks: readonly number[]) {
    for (const [index, rank] of ranks.entries()) this.records.set(`n${index}`, { id: `n${index}`, rank })
  }

  async next(): Promise<SpaceEvent> {
    return this.#events.shift() ?? new Promise((resolve) => (this.#isWaitedFor = resolve))
  }

  /** Events that nobody has taken. */
  get waiting(): number {
    return this.#events.length
  }

  async follow(id: number, query: Omit<Query, 'collection'> = {}): Promise<SpaceEvent> {
    this.queries.subscribe(id, { collection: 'notes', ...query })
    return this.next()
  }

  /** Changes a record and says so. */
  change(id: string, fields: JsonObject | null, isOwn = true): void {
    const value = fields === null ? null : { ...fields, id }
    if (value === null) this.records.delete(id)
    else this.records.set(id, value)
    const records: RecordChange[] = [{ collection: 'notes', id, value }]
    this.queries.onNotice({ collections: ['notes'], records }, isOwn)
  }

  whole(): void {
    this.queries.onNotice({ collections: ['notes'], records: 'all' }, true)
  }
}

test('a write that hits none of 100 live queries runs none, whoever made it', async () => {
  const bench = new Bench(1, 2, 3)
  for (let id = 0; id < 100; id += 1) {
    // Half of them by a condition, half by a full window.
    await bench.follow(id, id % 2 === 0 ? { where: { rank: { lt: 5 } } } : { index: 'byRank', limit: 2 })
  }
  expect(bench.runs).toBe(100)
  bench.change('x', { rank: 7 })
  bench.change('y', { rank: 8 }, false)
  bench.change('x', null, false)
  bench.queries.onNotice({ collections: ['places'], records: 'all' }, false)
  expect([bench.runs, bench.waiting]).toEqual([100, 0])
  bench.queries.close()
})

test('an own write is in the result at once, from memory, as a difference with positions', async () => {
  const bench = new Bench(1, 3)
  expect(await bench.follow(1, { index: 'byRank', limit: 3 })).toMatchObject({
    result: { at: null, records: [{ id: 'n0' }, { id: 'n1' }], next: null },
  })
  bench.change('x', { rank: 2 })
  expect(await bench.next()).toMatchObject({ result: { at: [1], records: [{ id: 'x', rank: 2 }], removed: [] } })
  bench.change('y', { rank: 0 })
  expect(await bench.next()).toMatchObject({ result: { at: [0], records: [{ id: 'y' }], removed: ['n1'] } })
  bench.change('x', { rank: -1 })
  expect(await bench.next()).toMatchObject({ result: { at: [0], records: [{ rank: -1 }], removed: ['x'] } })
  expect(bench.runs).toBe(1)
  // The window was full: what moves up is known to the store only.
  bench.change('x', null)
  expect(await bench.next()).toMatchObject({ result: { at: [2], records: [{ id: 'n1' }], removed: ['x'] } })
  expect(bench.runs).toBe(2)
  bench.queries.close()
})

test('a write of another tab makes the query run that it hits, and only what changed is told', async () => {
  const bench = new Bench(1, 2)
  await bench.follow(1)
  bench.change('n1', { rank: 5 }, false)
  expect(await bench.next()).toMatchObject({ result: { at: [1], records: [{ rank: 5 }], removed: ['n1'] } })
  expect(bench.runs).toBe(2)
  // The same result is not told: the next event is that of the new query.
  bench.whole()
  await expect(bench.follow(2)).resolves.toMatchObject({ id: 2 })
  bench.queries.close()
})

test('notices that come while a query runs are one more run', async () => {
  const bench = new Bench(1)
  const first = bench.follow(1)
  for (let count = 0; count < 100; count += 1) bench.whole()
  await first
  bench.records.set('n0', { id: 'n0', rank: 2 })
  bench.whole()
  await bench.next()
  expect(bench.runs).toBeLessThanOrEqual(3)
  bench.queries.close()
})

test('that the first sync ended is told, though no record changed', async () => {
  const bench = new Bench(1)
  bench.isPartial = true
  expect(await bench.follow(1)).toMatchObject({ result: { isPartial: true } })
  bench.isPartial = false
  bench.queries.refresh()
  expect(await bench.next()).toMatchObject({ result: { isPartial: false, records: [], at: [], removed: [] } })
  bench.queries.close()
})

test('a query that fails says why, and comes back whole', async () => {
  const bench = new Bench(1)
  bench.fault = new SyncError('invalid-query', 'no such index')
  expect(await bench.follow(7)).toMatchObject({ type: 'query-failed', id: 7, error: { code: 'invalid-query' } })
  bench.fault = null
  bench.change('x', { rank: 1 })
  expect(await bench.next()).toMatchObject({ result: { at: null, records: [{ id: 'n0' }, { id: 'x' }] } })
  bench.queries.close()
})

test('in a first sync what comes while a query runs is put into its answer from memory, the last change of each record', async () => {
  const bench = new Bench(1, 2)
  bench.isPartial = true
  bench.afterRead = () => {
    bench.change('n1', { rank: 9 })
    bench.change('n1', { rank: 0 })
    bench.change('x', { rank: 3 })
    bench.queries.onNotice({ collections: ['notes'], records: [{ collection: 'places', id: 'x', value: null }] }, true)
    bench.afterRead = () => undefined
  }
  await bench.follow(1, { index: 'byRank', limit: 3 })
  expect(await bench.next()).toMatchObject({
    result: { at: [0, 2], records: [{ id: 'n1', rank: 0 }, { id: 'x' }], removed: ['n1'] },
  })
  expect(bench.runs).toBe(1)
  // Another tab's change may be older than the answer, or newer: only the store knows.
  bench.afterRead = () => {
    bench.change('n0', { rank: 5 })
    bench.change('n0', { rank: 6 }, false)
    bench.afterRead = () => undefined
  }
  bench.whole()
  expect(await bench.next()).toMatchObject({ result: { records: [{ id: 'n0', rank: 6 }] } })
  expect(bench.runs).toBe(3)
  bench.queries.close()
})
