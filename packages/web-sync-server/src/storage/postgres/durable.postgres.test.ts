import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { anyBytes } from '../../contract/index.ts'
import type { Cluster } from '../../testing/node/index.ts'
import { databaseOf, RUNTIME, sql, type TestDatabase, withPostgres } from '../../testing/postgres.fixture.ts'
import { mutationOf, type ScriptedInitiator } from '../../testing/scripted-initiator.ts'
import { testPartner, type TestPartner } from '../../testing/test-partner.fixture.ts'
import { confirmedBackup, type PostgresOptions, postgresStorage } from './index.ts'

const server = withPostgres()

const write = (id: string) => mutationOf({ op: 'put', collection: 'notes', id, base: null, value: { id } })

/** A standby that follows under this name. */
const follow = (name: string): Promise<Cluster> =>
  server.cluster().createStandby({ settings: { cluster_name: name, wal_retrieve_retry_interval: '200ms' } })

let standby: Cluster

beforeAll(async () => {
  standby = await follow('b')
})

afterAll(() => standby.stop())

/** The key of an empty space: it has no effects that could be lost. */
const NOTHING = 1

const mayRead = (): Promise<unknown> => sql(server.cluster().url(), `GRANT pg_read_all_stats TO ${RUNTIME}`)

/** An initiator that has settled, before a partner whose horizon these standbys hold. */
async function begin(
  database: TestDatabase,
  options: Partial<PostgresOptions>,
): Promise<{ readonly world: TestPartner; readonly ann: ScriptedInitiator }> {
  const world = testPartner({ storage: postgresStorage({ url: database.url, ...options }) })
  const ann = world.initiator()
  await ann.sync()
  return { world, ann }
}

/** Writes, and has the key that brought the outcome confirmed; its n. */
async function push(ann: ScriptedInitiator, id: string): Promise<number> {
  await ann.sync([write(id)])
  const { key } = ann
  await ann.sync()
  return key === 0 ? 0 : key.n
}

/** What an exchange says is durable. */
async function durable(ann: ScriptedInitiator): Promise<number> {
  const answer = await ann.send(ann.compose())
  return answer.type === 'problem' ? -1 : answer.head.durable
}

const becomesDurable = (ann: ScriptedInitiator, n: number): Promise<void> =>
  expect.poll(() => durable(ann), { timeout: 30_000 }).toBeGreaterThanOrEqual(n)

const isSeen = ({ storage }: TestPartner, name: string): boolean =>
  storage.status?.().standbys.some((each) => each.name === name && each.lagBytes !== null) === true

describe('the durable horizon', () => {
  test('follows the standby: what it lacks is not durable, and is as soon as it has caught up', async () => {
    await mayRead()
    const database = await server.database()
    const { world, ann } = await begin(database, { standbys: ['b'] })
    const first = await push(ann, 'a')
    await becomesDurable(ann, first)
    await standby.kill()
    const second = await push(ann, 'b')
    // The partner has looked, and has seen nobody.
    await expect.poll(() => isSeen(world, 'b')).toBe(false)
    for (let step = 0; step < 3; step += 1) expect(await durable(ann)).toBe(first)
    await standby.start()
    await becomesDurable(ann, second)
    // Another process begins with nothing, and finds out by itself.
    const other = testPartner({ storage: postgresStorage({ url: database.url, standbys: ['b'] }) })
    await becomesDurable(ann.copy({ fetch: (request) => other.partner.fetch(request) }), second)
  })

  test('is held back by each one that is named: one that never came holds everything', async () => {
    await mayRead()
    const { world, ann } = await begin(await server.database(), { standbys: ['b', 'c'] })
    await push(ann, 'a')
    await expect.poll(() => isSeen(world, 'b')).toBe(true)
    expect(isSeen(world, 'c')).toBe(false)
    expect(await durable(ann)).toBe(NOTHING)
    const third = await follow('c')
    onTestFinished(() => third.stop())
    await becomesDurable(ann, await push(ann, 'b'))
  })

  test('is nothing for a role that may not see standbys, and comes with the right', async () => {
    await sql(server.cluster().url(), `REVOKE pg_read_all_stats FROM ${RUNTIME}`)
    const { ann } = await begin(await server.database(), { standbys: ['b'] })
    const n = await push(ann, 'a')
    for (let step = 0; step < 3; step += 1) expect(await durable(ann)).toBe(NOTHING)
    await mayRead()
    await becomesDurable(ann, n)
  })

  test('a space that was erased and begins again has nothing durable of before', async () => {
    await mayRead()
    const database = await server.database()
    const { ann } = await begin(database, { standbys: ['b'] })
    for (const id of ['a', 'b', 'c']) await becomesDurable(ann, await push(ann, id))
    await standby.kill()
    // Another process erases, and writes more than there was: the first one has seen none of it.
    const other = testPartner({ storage: postgresStorage({ url: database.url }) })
    await other.storage.eraseSpace('s1')
    const bob = other.initiator({ account: 'bob' })
    await bob.sync()
    for (const id of ['a', 'b', 'c', 'd', 'e']) await push(bob, id)
    expect(await durable(bob.copy({ fetch: ann.options.fetch }))).toBe(NOTHING)
    await standby.start()
  })
})

describe('a confirmed backup', () => {
  test('makes durable what was there when it began, and nothing if it failed', async () => {
    const { url, ownerUrl } = await server.database()
    const { world, ann } = await begin({ url } as TestDatabase, {})
    const first = await push(ann, 'a')
    await expect(confirmedBackup({ url: ownerUrl }, () => Promise.reject(new Error('no room')))).rejects.toThrow(
      'no room',
    )
    expect(await durable(ann)).toBe(NOTHING)
    let second = 0
    const result = await confirmedBackup({ url: ownerUrl }, async () => {
      second = await push(ann, 'b')
    })
    expect(result).toEqual({ spaces: 1 })
    expect(await durable(ann)).toBe(first)
    expect(second).toBeGreaterThan(first)
    await expect(confirmedBackup({ url }, async () => undefined)).rejects.toMatchObject({ code: 'invalid-option' })
    // Begun again with other changes of the same numbers: the backup is of something else.
    const again = await confirmedBackup({ url: ownerUrl }, async () => {
      await world.storage.eraseSpace('s1')
      for (const id of ['x', 'y', 'z']) await world.partner.transact('s1', (tx) => tx['notes']?.put({ id }))
    })
    expect(again).toEqual({ spaces: 0 })
  })

  test('with standbys named it moves the horizon only if it is asked for, and then both must have it', async () => {
    await mayRead()
    const { url, ownerUrl } = await server.database()
    const { ann } = await begin({ url } as TestDatabase, { standbys: ['b'], needsBackup: true })
    const backedUpOnly = (await begin({ url } as TestDatabase, { standbys: ['missing'] })).ann
    const first = await push(ann, 'a')
    for (let step = 0; step < 3; step += 1) expect(await durable(ann)).toBe(NOTHING)
    await confirmedBackup({ url: ownerUrl }, async () => undefined)
    await becomesDurable(ann, first)
    await standby.kill()
    const second = await push(ann, 'b')
    await confirmedBackup({ url: ownerUrl }, async () => undefined)
    expect(await durable(ann)).toBeLessThan(second)
    expect(await durable(backedUpOnly)).toBe(NOTHING)
    await standby.start()
  })
})

describe('a failover', () => {
  test('a standby that is promoted lacks nothing that was called durable, and calls nothing durable by itself', async () => {
    await mayRead()
    const database = await server.database()
    const { ann } = await begin(database, { standbys: ['b'] })
    await becomesDurable(ann, await push(ann, 'a'))
    await standby.kill()
    for (const id of ['b', 'c', 'd']) await push(ann, id)
    const called = await durable(ann)
    await server.cluster().kill()
    onTestFinished(() => server.cluster().start())
    await standby.start()
    await standby.promote()
    const { url } = databaseOf(standby, database.name)
    const promoted = testPartner({ storage: postgresStorage({ url, standbys: ['b'] }) })
    const has = await promoted.storage.read('s1', async (tx) => ({
      checkpoints: (await tx.listCheckpoints(ann.partnershipId ?? '')).map(({ n }) => n),
      records: (await tx.listRecords('notes', null, anyBytes(10))).map(({ id }) => id),
    }))
    expect(called).toBeGreaterThan(NOTHING)
    expect(has.checkpoints).toContain(called)
    expect(has.records).toEqual(['a'])
    const bob = promoted.initiator({ account: 'bob' })
    await bob.sync()
    await push(bob, 'x')
    expect(await durable(bob)).toBe(0)
  })
})
