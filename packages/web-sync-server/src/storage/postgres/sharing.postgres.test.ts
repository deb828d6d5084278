import { type Digest, DigestBuilder } from 'web-sync-protocol'
import { describe, expect, onTestFinished, test } from 'vitest'
import { anyBytes, type PartnerStorage } from '../../contract/index.ts'
import { breakCommits } from '../../testing/commit-breaker.fixture.ts'
import { makeGate, meddledWith } from '../../testing/meddle.fixture.ts'
import { startPgbouncer } from '../../testing/pgbouncer.fixture.ts'
import { sql, withPostgres } from '../../testing/postgres.fixture.ts'
import { mutationOf, type ScriptedInitiator } from '../../testing/scripted-initiator.ts'
import { testPartner } from '../../testing/test-partner.fixture.ts'
import { postgresStorage } from './index.ts'

const server = withPostgres()

const write = (id: string) => mutationOf({ op: 'put', collection: 'notes', id, base: null, value: { id } })

const open = (options: Parameters<typeof postgresStorage>[0]): PartnerStorage => {
  const storage = postgresStorage(options)
  onTestFinished(() => storage.close())
  return storage
}

/** Of the records as an initiator holds them. */
function digestOf({ records }: ScriptedInitiator): Digest {
  const builder = new DigestBuilder({ notes: { count: 0, sum: '0000000000000000' } })
  for (const { version } of records.values()) builder.replace('notes', null, version)
  return builder.build()
}

describe('several processes on one database', () => {
  test('write and read one space at once: no number is skipped, none given twice, every page agrees with its digest', async () => {
    const { url } = await server.database()
    const worlds = [1, 2].map(() => testPartner({ storage: postgresStorage({ url, perSpace: 4 }) }))
    const [one, two] = worlds as [(typeof worlds)[0], (typeof worlds)[0]]
    for (const id of ['x', 'y', 'z']) await one.partner.transact('s1', (tx) => tx['notes']?.put({ id }))
    const writers = Array.from({ length: 6 }, (_, index) =>
      (index % 2 === 0 ? one : two).initiator({ account: `writer${index}` }),
    )
    const readers: ScriptedInitiator[] = []
    const state = { isWriting: true }
    const problems = new Set<string>()
    let compared = 0
    const read = async (world: typeof one, account: string): Promise<void> => {
      do {
        // Each time from the beginning: snapshot pages meet changes under way.
        const reader = world.initiator({ account })
        readers.push(reader)
        for (;;) {
          const answer = await reader.send(reader.compose([], { limit: { changes: 3, bytes: 1_000_000, pages: 1 } }))
          // Waited too long behind others: sent again, as an initiator does.
          if (answer.type === 'problem') {
            problems.add(answer.problem.code)
            continue
          }
          for (const page of answer.pages) {
            reader.apply(answer.head, page)
            if (page.digest === null) continue
            expect(digestOf(reader)).toEqual(page.digest)
            compared += 1
          }
          if (answer.pages.at(-1)?.more === false) break
        }
      } while (state.isWriting)
    }
    const reading = Promise.all([read(one, 'reader1'), read(two, 'reader2')])
    await Promise.all(
      writers.map(async (writer, index) => {
        await writer.sync()
        for (let step = 0; step < 8; step += 1) {
          const mutations = [write('shared'), write(`n${index}-${step}`)]
          while ((await writer.send(writer.compose(mutations))).type === 'problem');
          await writer.sync(mutations)
        }
      }),
    )
    state.isWriting = false
    await reading
    const { head } = await one.partner.inspect('s1')
    const rows = await one.storage.read('s1', (tx) => tx.listLog(0, head, anyBytes(head)))
    expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: head }, (_, index) => index + 1))
    expect(new Set(rows.map(({ mutationId, id }) => `${mutationId} ${id}`)).size).toBe(head)
    for (const initiator of [...writers, ...readers.slice(-2)]) {
      await initiator.sync()
      expect(initiator.records.size).toBe(3 + 1 + 6 * 8)
    }
    expect(compared).toBeGreaterThan(10)
    expect([...problems].filter((code) => code !== 'busy')).toEqual([])
  })

  test('the last page of a snapshot says the head of just the records that it shows, whoever writes meanwhile', async () => {
    const { url, adminUrl } = await server.database()
    const other = testPartner({ storage: postgresStorage({ url }) })
    await other.partner.transact('s1', (tx) => tx['notes']?.put({ id: 'a' }))
    const writes: Promise<unknown>[] = []
    const written = { done: 0 }
    const meddle = async (): Promise<void> => {
      const own = other.partner.transact('s1', (tx) => tx['notes']?.put({ id: `b${writes.length}` }))
      writes.push(own.finally(() => (written.done += 1)))
      // Until it is stored, or waits for this transaction.
      const waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
      while (written.done < writes.length && (await sql(adminUrl, waiting)).length === 0);
    }
    const ann = testPartner({ storage: meddledWith(postgresStorage({ url }), meddle) }).initiator()
    const pages = await ann.sync([], { limit: { changes: 500, bytes: 1_000_000, pages: 1 } })
    await Promise.all(writes)
    expect(pages).toHaveLength(1)
    expect(digestOf(ann)).toEqual(pages[0]?.digest)
    await ann.sync()
    expect(writes.length).toBeGreaterThan(0)
    expect([...ann.records.keys()]).toEqual(['notes/a', ...writes.map((_, index) => `notes/b${index}`)])
  })

  test('that want each other’s locks: one is given up as busy with nothing stored, the other goes on', async () => {
    const { url } = await server.database()
    const storage = open({ url, perSpace: 2 })
    const world = testPartner({ storage })
    for (const id of ['a', 'b']) await world.partner.transact('s1', (tx) => tx['notes']?.put({ id }))
    const bothHold = makeGate()
    let holding = 0
    const cross = (first: string, second: string) =>
      storage.transaction('s1', async (tx) => {
        await tx.putAwaitingDelete({ collection: 'notes', id: first, mutationId: 'm', base: null, account: 'ann' }, 1)
        await tx.lockRecord('notes', first)
        holding += 1
        if (holding === 2) bothHold.open()
        await bothHold.promise
        await tx.lockRecord('notes', second)
      })
    const results = await Promise.allSettled([cross('a', 'b'), cross('b', 'a')])
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    expect(results.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'busy' } })
    const stored = await storage.read('s1', async (tx) => [
      ...(await tx.listAwaitingDeletes('notes', 'a')),
      ...(await tx.listAwaitingDeletes('notes', 'b')),
    ])
    expect(stored).toHaveLength(1)
  })

  test('wait for a record, made or not, and see what the other one committed; but not for ever', async () => {
    const { url } = await server.database()
    const [one, two, hasty] = [open({ url }), open({ url }), open({ url, waitMs: 100 })]
    const isLocked = makeGate()
    const mayEnd = makeGate()
    const value = JSON.stringify({ id: 'a' })
    const version = '1-00000000000000aa'
    const facts = {
      collection: 'notes',
      id: 'a',
      version,
      previousVersion: null,
      mutationId: null,
      unseen: null,
      value,
      atMs: 1,
    }
    const first = one.transaction('s', async (tx) => {
      expect(await tx.lockRecord('notes', 'a')).toBe(null)
      isLocked.open()
      await mayEnd.promise
      await tx.lockSpace()
      await tx.appendChanges([{ ...facts, number: 1, txEnd: 1 }], {})
    })
    await isLocked.promise
    const late = hasty.transaction('s', (tx) => tx.lockRecord('notes', 'a'))
    await expect(late).rejects.toMatchObject({ code: 'busy' })
    const second = two.transaction('s', (tx) => tx.lockRecord('notes', 'a'))
    mayEnd.open()
    await first
    expect(await second).toMatchObject({ version, value })
  })

  test('the log that is pruned under a transaction is noticed: busy, not a page with a hole', async () => {
    const { url } = await server.database()
    const [one, two] = [open({ url }), open({ url })]
    const world = testPartner({ storage: one })
    for (const id of ['a', 'b', 'c']) await world.partner.transact('s1', (tx) => tx['notes']?.put({ id }))
    const reading = one.transaction('s1', async (tx) => {
      const { head } = await tx.getSpace()
      await two.transaction('s1', (other) => other.pruneLog(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER))
      return tx.listLog(0, head, anyBytes(10))
    })
    await expect(reading).rejects.toMatchObject({ code: 'busy' })
    await world.partner.transact('s1', (tx) => tx['notes']?.put({ id: 'd' }))
    expect(await one.transaction('s1', (tx) => tx.listLog(3, 4, anyBytes(10)))).toHaveLength(1)
  })
})

describe('a connection that breaks at the commit', () => {
  test.for(['before', 'after'] as const)(
    '%s it was carried out: busy, and sent again it happens once',
    async (moment) => {
      const { url, name } = await server.database()
      const direct = testPartner({ storage: postgresStorage({ url }) })
      const ann = direct.initiator()
      await ann.sync()
      await ann.sync([write('a')])
      const breaker = await breakCommits(server.cluster().port, moment)
      const world = testPartner({
        storage: postgresStorage({ url: `postgres://web_sync_app@127.0.0.1:${breaker.port}/${name}` }),
      })
      // The partner's id is known then: the next commit is the ask's.
      await world.initiator().sync()
      const through = ann.copy({ fetch: (request) => world.partner.fetch(request) })
      const mutation = write('b')
      const ask = through.compose([mutation])
      breaker.arm()
      expect(await through.send(ask)).toMatchObject({
        status: 503,
        problem: { code: 'busy', requestId: ask.requestId },
      })
      expect((await direct.partner.inspect('s1')).head).toBe(moment === 'after' ? 2 : 1)
      const [page] = await through.sync([mutation])
      expect(page?.outcomes).toMatchObject([{ type: 'accepted', duplicate: moment === 'after' }])
      expect([...through.records.keys()]).toEqual(['notes/a', 'notes/b'])
      expect((await direct.partner.inspect('s1')).head).toBe(2)
    },
  )
})

describe('an idle exchange', () => {
  test('writes nothing, so it waits for no disk: it takes no transaction number', async () => {
    const { url, adminUrl } = await server.database()
    const ann = testPartner({ storage: postgresStorage({ url }) }).initiator()
    await ann.sync([write('a')])
    // Confirms the key: from now on there is nothing to say.
    for (let step = 0; step < 2; step += 1) await ann.sync()
    const nextNumber = (): Promise<unknown> => sql(adminUrl, 'SELECT pg_snapshot_xmax(pg_current_snapshot())::text')
    const before = await nextNumber()
    for (let step = 0; step < 5; step += 1) await ann.sync()
    expect(await nextNumber()).toEqual(before)
    await ann.sync([write('b')])
    expect(await nextNumber()).not.toEqual(before)
  })
})

describe('a database that must not be written', () => {
  test('a primary that was fenced by making it read-only is behind', async () => {
    const { url, name, adminUrl } = await server.database()
    await sql(adminUrl, `ALTER DATABASE ${name} SET default_transaction_read_only = on`)
    const storage = open({ url })
    expect(await storage.isPrimary()).toBe(false)
    await expect(storage.transaction('s', (tx) => tx.lockSpace())).rejects.toMatchObject({ code: 'behind' })
  })

  test('one that was restored from a backup says so when its owner has marked it', async () => {
    const { url, ownerUrl } = await server.database()
    const storage = open({ url })
    await testPartner({ storage: open({ url }) }).partner.transact('s', (tx) => tx['notes']?.put({ id: 'a' }))
    expect(await storage.read('s', (tx) => tx.getSpace())).toMatchObject({ isRestoreSeen: false })
    await sql(ownerUrl, 'UPDATE web_sync.spaces SET restored_at_ms = extract(epoch FROM now()) * 1000')
    expect(await storage.read('s', (tx) => tx.getSpace())).toMatchObject({ head: 1, isRestoreSeen: true })
  })

  test('what cannot be reached is busy; what is no connection string is said at once', async () => {
    const storage = open({ url: 'postgres://web_sync_app@127.0.0.1:1/none', waitMs: 1_000 })
    await expect(storage.isPrimary()).rejects.toMatchObject({ code: 'busy' })
    expect(() => postgresStorage({ url: 'data.db' })).toThrow(/postgres:\/\//)
    expect(() => postgresStorage({ url: 'postgres://h/d', perSpace: 0 })).toThrow(/perSpace/)
  })
})

describe('pgbouncer in transaction mode', () => {
  test('gives each transaction any connection, and nothing of one reaches another', async () => {
    const { name } = await server.database()
    const port = await startPgbouncer(server.cluster().port, 2)
    const worlds = [1, 2].map(() =>
      testPartner({ storage: postgresStorage({ url: `postgres://web_sync_app@127.0.0.1:${port}/${name}` }) }),
    )
    const accounts = Array.from({ length: 8 }, (_, index) => `account${index}`)
    await Promise.all(
      accounts.map(async (account, index) => {
        const initiator = worlds[index % 2]?.initiator({ account, space: account }) as ScriptedInitiator
        for (let step = 0; step < 5; step += 1) await initiator.sync([write(`${account} ${step}`)])
        expect(initiator.records.size).toBe(5)
        expect([...initiator.records.keys()].every((key) => key.startsWith(`notes/${account} `))).toBe(true)
      }),
    )
    expect(await worlds[0]?.storage.listSpaces()).toEqual(accounts)
  })
})
