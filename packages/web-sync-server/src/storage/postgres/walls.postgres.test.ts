import { Client } from 'pg'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { RUNTIME, sql, type TestDatabase, withPostgres } from '../../testing/postgres.fixture.ts'
import { mutationOf } from '../../testing/scripted-initiator.ts'
import { testPartner } from '../../testing/test-partner.fixture.ts'
import { migratePostgres, postgresStorage } from './index.ts'
import { readMigrations } from './migration-files.ts'

const server = withPostgres()

const write = (id: string, text: string) =>
  mutationOf({ op: 'put', collection: 'notes', id, base: null, value: { id, text } })

const TABLES = ['spaces', 'records', 'log', 'partnerships', 'checkpoints', 'requests', 'outcomes', 'awaiting_deletes']

/** All rows of a space, read by one who sees all. */
async function rowsOf({ adminUrl }: TestDatabase, space: string): Promise<string> {
  const rows = TABLES.map((table) =>
    sql(adminUrl, `SELECT t::text AS line FROM web_sync.${table} t WHERE space = '${space}' ORDER BY line`),
  )
  return JSON.stringify(await Promise.all(rows))
}

/** Takes the space out of every condition that the storage sends; returns how many there were. */
function removeConditions(): () => number {
  const query = Reflect.get(Client.prototype, 'query') as (...args: unknown[]) => unknown
  let removed = 0
  const spy = vi.spyOn(Client.prototype, 'query').mockImplementation(function (this: Client, ...args: unknown[]) {
    const [text] = args
    if (typeof text === 'string' && text.includes('space = $1')) {
      removed += 1
      args[0] = text.replaceAll('space = $1', '$1::text IS NOT NULL')
    }
    return Reflect.apply(query, this, args) as undefined
  })
  onTestFinished(() => spy.mockRestore())
  return () => removed
}

describe('row-level security, the second wall', () => {
  test('a statement whose WHERE forgets the space reads and writes nothing of another space', async () => {
    const database = await server.database()
    const world = testPartner({ storage: postgresStorage({ url: database.url }) })
    const [ann, bob] = [world.initiator({ space: 'ann' }), world.initiator({ space: 'bob', account: 'bob' })]
    for (const each of [ann, bob]) {
      await each.sync()
      await each.sync([write('shared', each.options.account), write(`of ${each.options.account}`, 'x')])
    }
    const bobs = await rowsOf(database, 'bob')
    const removed = removeConditions()
    await ann.sync([write('shared', 'again'), write('new', 'x')])
    const base = ann.records.get('notes/of ann')?.version ?? null
    await ann.sync([mutationOf({ op: 'delete', collection: 'notes', id: 'of ann', base })])
    const fresh = world.initiator({ space: 'ann' })
    await fresh.sync()
    await world.storage.transaction('ann', async (tx) => {
      for (const { partnershipId } of await tx.listPartnerships(null)) await tx.deletePartnership(partnershipId)
      const pruned = await tx.pruneOutcomes(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 1_000)
      for (const { account, originId } of pruned) await tx.putForgotten({ account, originId, numbers: '1' })
      await tx.dateBack(0)
      await tx.pruneLog(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
    })
    await world.storage.markDurable('ann')
    expect(removed()).toBeGreaterThan(40)
    expect([...fresh.records.keys()].toSorted()).toEqual(['notes/new', 'notes/shared'])
    expect(await world.storage.eraseSpace('ann')).toBe(true)
    expect(await rowsOf(database, 'bob')).toBe(bobs)
    expect(bobs).toContain('of bob')
  })

  test('the role sees no rows without a space, writes none of another, and changes no table', async () => {
    const database = await server.database()
    const world = testPartner({ storage: postgresStorage({ url: database.url }) })
    for (const account of ['ann', 'bob']) {
      const each = world.initiator({ space: account, account })
      await each.sync()
      await each.sync([write('a', account)])
    }
    for (const table of TABLES.slice(0, -1)) {
      const count = `SELECT count(DISTINCT space)::int AS spaces FROM web_sync.${table}`
      const inAnn = "SELECT set_config('web_sync.space', 'ann', false)"
      expect(await sql(database.url, count)).toEqual([{ spaces: 0 }])
      expect(await sql(database.url, inAnn, count)).toEqual([{ spaces: 1 }])
      // What the wall keeps apart is there: the owner sees both.
      expect(await sql(database.ownerUrl, count)).toEqual([{ spaces: 2 }])
    }
    const forbidden = [
      "SELECT set_config('web_sync.space', 'ann', false); UPDATE web_sync.spaces SET space = 'bob'",
      "SELECT set_config('web_sync.space', 'ann', false); INSERT INTO web_sync.sightings VALUES ('bob', 1)",
      'CREATE TABLE web_sync.mine (x int)',
      'CREATE SCHEMA mine',
      'DROP TABLE web_sync.log',
      'TRUNCATE web_sync.log',
      'ALTER TABLE web_sync.log DISABLE ROW LEVEL SECURITY',
      'DROP POLICY one_space ON web_sync.log',
      'DELETE FROM web_sync.migrations',
      `SELECT web_sync.grant_runtime('${RUNTIME}')`,
    ]
    for (const statement of forbidden) {
      await expect(sql(database.url, statement)).rejects.toMatchObject({ code: '42501' })
    }
  })

  test('the partner does not run as a role that the wall does not bind', async () => {
    const { ownerUrl, adminUrl } = await server.database()
    for (const url of [ownerUrl, adminUrl]) {
      const storage = postgresStorage({ url })
      await expect(storage.listSpaces()).rejects.toMatchObject({ code: 'invalid-option' })
      await storage.close()
    }
  })
})

/** What a partner there meets: the code of its refusal, or the space's head row. */
const refusal = async (url: string) => {
  const storage = postgresStorage({ url })
  onTestFinished(() => storage.close())
  return storage.read('s', (tx) => tx.getSpace()).catch((error: unknown) => (error as { code: string }).code)
}

describe('migrations', () => {
  test('that run at the same time wait for each other, and run once', async () => {
    const { ownerUrl, url } = await server.database()
    await sql(ownerUrl, 'DROP SCHEMA web_sync CASCADE')
    expect(await refusal(url)).toBe('unreadable')
    const results = await Promise.all([1, 2, 3].map(() => migratePostgres({ url: ownerUrl, runtimeRole: RUNTIME })))
    expect(results.map(({ applied }) => applied.length).toSorted((a, b) => a - b)).toEqual([
      0,
      0,
      readMigrations().length,
    ])
    expect(await refusal(url)).toMatchObject({ head: 0 })
  })

  test('of a newer program, or changed after they were run, are left as they are', async () => {
    const newer = await server.database()
    await sql(newer.ownerUrl, "INSERT INTO web_sync.migrations (version, name, sha256) VALUES (99, 'x', 'x')")
    await expect(migratePostgres({ url: newer.ownerUrl })).rejects.toMatchObject({ code: 'newer-schema' })
    expect(await refusal(newer.url)).toBe('newer-schema')
    await sql(newer.ownerUrl, "UPDATE web_sync.migrations SET name = '0099-more.additive.sql' WHERE version = 99")
    expect(await refusal(newer.url)).toMatchObject({ head: 0 })
    const changed = await server.database()
    await sql(changed.ownerUrl, "UPDATE web_sync.migrations SET sha256 = 'x' WHERE version = 7")
    await expect(migratePostgres({ url: changed.ownerUrl })).rejects.toMatchObject({ code: 'unreadable' })
  })

  test('fail without a trace: all of them or none', async () => {
    const { ownerUrl, adminUrl } = await server.database()
    await sql(ownerUrl, 'DROP SCHEMA web_sync CASCADE')
    await expect(migratePostgres({ url: ownerUrl, runtimeRole: 'nobody_of_that_name' })).rejects.toThrow(/nobody_of/)
    const left = "SELECT count(*)::int AS left FROM pg_namespace WHERE nspname = 'web_sync'"
    expect(await sql(adminUrl, left)).toEqual([{ left: 0 }])
  })
})
