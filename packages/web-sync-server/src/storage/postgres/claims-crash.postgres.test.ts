import { describe, expect, test } from 'vitest'
import { crashClaims, lastCase, put } from '../../testing/crash-claims.fixture.ts'
import { dumpedPostgres } from '../../testing/postgres-dump.fixture.ts'
import { databaseOf, withPostgres } from '../../testing/postgres.fixture.ts'
import { mutationOf } from '../../testing/scripted-initiator.ts'
import { testPartner } from '../../testing/test-partner.fixture.ts'
import { postgresStorage } from './index.ts'

const server = withPostgres()

describe('a partner on PostgreSQL that fails', () => {
  crashClaims(() => dumpedPostgres(server))
})

describe('a server that is killed', () => {
  test('12: with SIGKILL between commit and response: what was committed is there, and the next exchange converges', async () => {
    const world = testPartner({ storage: await server.storage() })
    const ann = world.initiator()
    await ann.sync()
    await ann.sync([mutationOf(put('a', '1'))])
    const write = mutationOf(put('b', '2'))
    const ask = ann.compose([write])
    // Committed; nothing of the response arrives.
    expect(await ann.send(ask)).toMatchObject({ type: 'reply' })
    await server.cluster().kill()
    expect(await ann.send(ask)).toMatchObject({ status: 503, problem: { code: 'busy', requestId: ask.requestId } })
    await server.cluster().start()
    const [page] = await ann.sync([write])
    expect(lastCase(world)).toBe('K2')
    expect(page?.outcomes).toMatchObject([{ type: 'accepted', duplicate: true }])
    expect([...ann.records.keys()]).toEqual(['notes/a', 'notes/b'])
    expect((await world.partner.inspect('s1')).head).toBe(2)
  })

  test('in the middle of a transaction nothing of it is stored, and the storage goes on by itself', async () => {
    const storage = await server.storage()
    const broken = storage.transaction('s', async (tx) => {
      await tx.noteRestoreSeen(1)
      await server.cluster().kill()
      await tx.getSpace()
    })
    await expect(broken).rejects.toMatchObject({ code: 'busy' })
    await server.cluster().start()
    expect(await storage.read('s', (tx) => tx.getSpace())).toMatchObject({ isRestoreSeen: false })
    await storage.close()
  })

  test('a standby answers behind and judges no key; once it is promoted it goes on where its primary was', async () => {
    const database = await server.database()
    const first = testPartner({ storage: postgresStorage({ url: database.url }) })
    const ann = first.initiator()
    await ann.sync()
    await ann.sync([mutationOf(put('a', '1'))])
    const standby = await server.cluster().createStandby()
    try {
      const storage = postgresStorage({ url: databaseOf(standby, database.name).url })
      const second = testPartner({ storage })
      const after = ann.copy({ fetch: (request) => second.partner.fetch(request) })
      expect(await after.send(after.compose())).toMatchObject({ status: 503, problem: { code: 'behind' } })
      expect(lastCase(second)).toBe('K8')
      expect(await storage.isPrimary()).toBe(false)
      await expect(storage.transaction('s1', (tx) => tx.getSpace())).rejects.toMatchObject({ code: 'behind' })
      await expect(storage.read('s1', (tx) => tx.getSpace())).rejects.toMatchObject({ code: 'behind' })
      await standby.promote()
      await after.sync([mutationOf(put('b', '2'))])
      expect([...after.records.keys()]).toEqual(['notes/a', 'notes/b'])
    } finally {
      await standby.stop()
    }
  })
})
