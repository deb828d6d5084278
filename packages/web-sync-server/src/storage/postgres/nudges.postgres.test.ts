import { describe, expect, onTestFinished, test } from 'vitest'
import type { PartnerStorage } from '../../contract/index.ts'
import { EventReader, eventsRequest } from '../../testing/event-reader.fixture.ts'
import { startPgbouncer } from '../../testing/pgbouncer.fixture.ts'
import { sql, withPostgres } from '../../testing/postgres.fixture.ts'
import { mutationOf, type ScriptedInitiator } from '../../testing/scripted-initiator.ts'
import { testPartner, type TestPartner } from '../../testing/test-partner.fixture.ts'
import { postgresStorage } from './index.ts'

const server = withPostgres()

const write = (id: string) => mutationOf({ op: 'put', collection: 'notes', id, base: null, value: { id } })

/** Two processes on one database, as far as the database can tell. */
async function twoWorlds(url: string): Promise<[TestPartner, TestPartner]> {
  return [testPartner({ storage: postgresStorage({ url }) }), testPartner({ storage: postgresStorage({ url }) })]
}

async function openEvents(world: TestPartner, initiator: ScriptedInitiator): Promise<EventReader> {
  const response = await world.partner.fetch(eventsRequest(initiator, [initiator.partnershipId]))
  return new EventReader(response.body as ReadableStream<Uint8Array>)
}

const listens = async (storage: PartnerStorage): Promise<void> => {
  await expect.poll(() => storage.status?.().listener).toBe('listening')
}

/** Opens a first stream, which makes the partner listen; what may have been missed until then is made good by one nudge. */
async function beginListening(world: TestPartner, initiator: ScriptedInitiator): Promise<void> {
  const events = await openEvents(world, initiator)
  expect(await events.nudge()).toMatchObject({ partnershipId: initiator.partnershipId })
  await listens(world.storage)
  await events.cancel()
}

describe('nudges across processes', () => {
  test('a write at one partner nudges those who listen at the other, but not the partnership that wrote', async () => {
    const { url } = await server.database()
    const [one, two] = await twoWorlds(url)
    const ann = one.initiator()
    await ann.sync()
    const [bob, carol] = ['bob', 'carol'].map((account) => two.initiator({ account })) as [
      ScriptedInitiator,
      ScriptedInitiator,
    ]
    await bob.sync()
    await carol.sync()
    await beginListening(two, bob)
    const bobHears = await openEvents(two, bob)
    const annHears = await openEvents(two, ann)
    await ann.sync([write('a')])
    expect(await bobHears.nudge()).toEqual({ partnershipId: bob.partnershipId, key: bob.key, spreadMs: 0 })
    // Within the second of the first notice: told when it is over, all of it together.
    await ann.sync([write('b')])
    await ann.sync([write('c')])
    expect(await bobHears.nudge()).toMatchObject({ partnershipId: bob.partnershipId })
    await carol.sync([write('d')])
    // The first that it hears after its own three writes is another one's.
    expect(await annHears.nudge()).toEqual({ partnershipId: ann.partnershipId, key: ann.key, spreadMs: 0 })
    await bob.sync()
    expect([...bob.records.keys()]).toEqual(['notes/a', 'notes/b', 'notes/c', 'notes/d'])
    await one.partner.transact('s1', (tx) => tx['notes']?.put({ id: 'e' }))
    // One of before may still have been on its way, with the key of then.
    for (let { key } = await bobHears.nudge(); key?.tag !== bob.have[0]?.tag;) ({ key } = await bobHears.nudge())
    expect(two.events.filter(({ type }) => type === 'error')).toEqual([])
  })

  test('the connection that listens is killed: it comes back, and all streams are nudged once for what was missed', async () => {
    const { url, adminUrl } = await server.database()
    const [one, two] = await twoWorlds(url)
    const ann = one.initiator()
    const [bob, carol] = ['bob', 'carol'].map((account) => two.initiator({ account, space: account })) as [
      ScriptedInitiator,
      ScriptedInitiator,
    ]
    await Promise.all([ann.sync(), bob.sync(), carol.sync()])
    await beginListening(two, bob)
    const streams = [await openEvents(two, bob), await openEvents(two, carol)]
    const killed = await sql(
      adminUrl,
      `SELECT pg_terminate_backend(pid) AS killed FROM pg_stat_activity
       WHERE datname = current_database() AND application_name = 'web-sync-server nudges'`,
    )
    expect(killed).toEqual([{ killed: true }])
    const [bobs, carols] = await Promise.all(streams.map((stream) => stream.nudge()))
    expect([bobs?.partnershipId, carols?.partnershipId]).toEqual([bob.partnershipId, carol.partnershipId])
    await listens(two.storage)
    expect(two.events.filter(({ type }) => type === 'error')).toMatchObject([
      { where: 'nudges of other processes', error: { code: '57P01' } },
    ])
    // And it hears again.
    await one.partner.transact('carol', (tx) => tx['notes']?.put({ id: 'x' }))
    expect(await streams[1]?.nudge()).toMatchObject({ partnershipId: carol.partnershipId })
    await two.partner.close()
    const left = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'web-sync-server nudges'`
    await expect.poll(() => sql(adminUrl, left)).toEqual([])
  })

  test('a listener behind a pooler in transaction mode is noticed and reported once; exchanges go on', async () => {
    const { name } = await server.database()
    const port = await startPgbouncer(server.cluster().port, 2)
    const url = `postgres://web_sync_app@127.0.0.1:${port}/${name}`
    const world = testPartner({ storage: postgresStorage({ url }) })
    const ann = world.initiator()
    await ann.sync()
    const events = await openEvents(world, ann)
    onTestFinished(() => events.cancel())
    const errors = (): unknown[] => world.events.filter(({ type }) => type === 'error')
    await expect.poll(errors, { timeout: 15_000 }).toMatchObject([{ error: { code: 'invalid-option' } }])
    await ann.sync([write('a')])
    expect(world.storage.status?.().listener).toBe('connecting')
  })
})
