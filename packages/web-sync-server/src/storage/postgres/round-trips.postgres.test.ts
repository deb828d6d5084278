import { describe, expect, onTestFinished, test } from 'vitest'
import { withPostgres } from '../../testing/postgres.fixture.ts'
import { countRoundTrips } from '../../testing/round-trips.fixture.ts'
import { mutationOf } from '../../testing/scripted-initiator.ts'
import { testPartner } from '../../testing/test-partner.fixture.ts'
import { postgresStorage } from './index.ts'

const server = withPostgres()

const put = (id: string, text: string) =>
  mutationOf({ op: 'put', collection: 'notes', id, base: null, value: { id, text } })

/** A partner behind a way that counts, and two initiators of its space whose first syncs are over. */
async function begin() {
  const { name } = await server.database()
  const way = await countRoundTrips(server.cluster().port)
  const storage = postgresStorage({ url: `postgres://web_sync_app@127.0.0.1:${way.port}/${name}`, maxConnections: 1 })
  onTestFinished(() => storage.close())
  const world = testPartner({ storage })
  const [ann, ben] = [world.initiator(), world.initiator()]
  for (const each of [ann, ben, ann, ben]) await each.sync([put('of ann', 'x')])
  for (const each of [ann, ben, ann, ben]) await each.sync()
  /** Round trips of what an exchange does; its connection is free again behind it. */
  const cost = async (exchange: () => Promise<unknown>): Promise<number> => {
    await storage.listSpaces()
    way.take()
    await exchange()
    return way.take()
  }
  return { ann, ben, cost, way }
}

describe('an exchange on PostgreSQL, however far away the database is', () => {
  test('asks it for all that it looks at in one go, and stores in another; the one without news waits for the first only', async () => {
    const { ann, ben, cost } = await begin()
    expect(await cost(() => ann.sync())).toBe(1)
    expect(await cost(() => ann.sync([put('a', '1'), put('b', '1'), put('of ann', '2')]))).toBe(2)
    expect(await cost(() => ben.sync())).toBe(2)
    expect(await cost(() => ben.sync())).toBeLessThanOrEqual(2)
    expect(await cost(() => ben.sync())).toBe(1)
    expect(ben.records).toEqual(ann.records)
  })

  test('a mutation that is sent again, or refused, costs no more', async () => {
    const { ann, cost } = await begin()
    const write = put('a', '1')
    await ann.send(ann.compose([write]))
    expect(
      await cost(() =>
        ann.sync([write, mutationOf({ op: 'put', collection: 'none', id: 'x', base: null, value: { id: 'x' } })]),
      ),
    ).toBe(2)
    expect(ann.records.has('notes/a')).toBe(true)
  })

  test('the values of records that an ask names come ahead up to 1 MiB, however many and large they are', async () => {
    const { ann, way } = await begin()
    const ids = Array.from({ length: 40 }, (_, index) => `n${index}`)
    const records = ids.map((id) => put(id, 'x'.repeat(100_000)))
    for (let first = 0; first < ids.length; first += 8) await ann.sync(records.slice(first, first + 8))
    const patches = ids.map((id) => {
      const base = ann.records.get(`notes/${id}`)?.version ?? null
      return mutationOf({ op: 'patch', collection: 'notes', id, base, value: { n: 1 } })
    })
    await ann.sync(patches)
    await ann.sync()
    expect(ann.records.get('notes/n39')?.value).toMatchObject({ n: 1 })
    // Mutations that are sent again get their stored outcomes: only the read-ahead reads records.
    way.takeBytes()
    await ann.send(ann.compose(patches))
    const bytes = way.takeBytes()
    expect(bytes).toBeGreaterThan(900_000)
    expect(bytes).toBeLessThan(1_200_000)
  })
})
