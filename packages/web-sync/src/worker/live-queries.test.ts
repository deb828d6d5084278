import type { JsonObject } from 'sync-protocol'
import { expect, test } from 'vitest'
import { type QueryResult, type SpaceEvent, SyncError } from '../contract/index.ts'
import { LiveQueries } from './live-queries.ts'

/** Live queries over a store of one record, with the events as they come. */
class Bench {
  text = 'one'
  runs = 0
  isPartial = false
  fault: Error | null = null
  readonly #events: SpaceEvent[] = []
  #isWaitedFor: ((event: SpaceEvent) => void) | null = null
  readonly queries = new LiveQueries({
    run: async (): Promise<QueryResult<JsonObject>> => {
      this.runs += 1
      if (this.fault !== null) throw this.fault
      return { records: [{ id: 'a', text: this.text }], isPartial: this.isPartial }
    },
    emit: (event) => {
      const waiting = this.#isWaitedFor
      this.#isWaitedFor = null
      if (waiting === null) this.#events.push(event)
      else waiting(event)
    },
  })

  async next(): Promise<SpaceEvent> {
    return this.#events.shift() ?? new Promise((resolve) => (this.#isWaitedFor = resolve))
  }
}

test('a touched collection is asked again, and only what changed is told', async () => {
  const bench = new Bench()
  bench.queries.subscribe(1, { collection: 'notes' })
  expect(await bench.next()).toMatchObject({ type: 'result', id: 1, result: { records: [{ text: 'one' }] } })
  bench.queries.touch(['notes'])
  bench.queries.touch(['places'])
  bench.text = 'two'
  bench.queries.touch(['notes'])
  expect(await bench.next()).toMatchObject({ result: { records: [{ text: 'two' }] } })
  // The same result is not told: the next event is that of the new query.
  bench.queries.touch(['notes'])
  bench.queries.subscribe(2, { collection: 'notes' })
  expect(await bench.next()).toMatchObject({ id: 2 })
  bench.queries.close()
})

test('touches that come while a query runs are one more run', async () => {
  const bench = new Bench()
  bench.queries.subscribe(1, { collection: 'notes' })
  for (let count = 0; count < 100; count += 1) bench.queries.touch(['notes'])
  await bench.next()
  bench.text = 'two'
  bench.queries.touch(['notes'])
  await bench.next()
  expect(bench.runs).toBeLessThanOrEqual(3)
  bench.queries.close()
})

test('that the first sync ended is told, though no record changed', async () => {
  const bench = new Bench()
  bench.isPartial = true
  bench.queries.subscribe(1, { collection: 'notes' })
  expect(await bench.next()).toMatchObject({ result: { isPartial: true } })
  bench.isPartial = false
  bench.queries.touch('all')
  expect(await bench.next()).toMatchObject({ result: { isPartial: false } })
  bench.queries.close()
})

test('a query that fails says why', async () => {
  const bench = new Bench()
  bench.fault = new SyncError('invalid-query', 'no such index')
  bench.queries.subscribe(7, { collection: 'notes' })
  expect(await bench.next()).toMatchObject({ type: 'query-failed', id: 7, error: { code: 'invalid-query' } })
  bench.queries.close()
})
