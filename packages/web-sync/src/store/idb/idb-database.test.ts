import 'fake-indexeddb/auto'
import { forceCloseDatabase } from 'fake-indexeddb'
import { deleteDB, openDB } from 'idb'
import { afterEach, describe, expect, it } from 'vitest'
import type { Store } from '../../contract/index.ts'
import { Bench, type StoreDevice, note, notesOf } from '../../testing/store-suite/index.ts'
import { makeDbName } from '../db-name.ts'
import { openIdbStore } from '../open-idb-store.ts'
import { openRegistry } from '../registry.ts'
import { removeStore } from '../remove-store.ts'
import { openIdbDatabase } from './idb-database.ts'

const originalPut = Reflect.get<IDBObjectStore, 'put'>(IDBObjectStore.prototype, 'put')
const originalOpen = Reflect.get<IDBFactory, 'open'>(IDBFactory.prototype, 'open')

afterEach(() => {
  IDBObjectStore.prototype.put = originalPut
  IDBFactory.prototype.open = originalOpen
})

let devices = 0

/** A device of its own, and the name of its database. */
async function makeDevice(): Promise<{ device: StoreDevice; dbName: string }> {
  devices += 1
  const account = `browser ${devices}`
  return {
    device: { open: (options, environment) => openIdbStore({ ...options, account }, environment) },
    dbName: makeDbName({ app: 'test', endpoint: null, account, space: 'team' }),
  }
}

/** Connections that were opened, as the browser sees them. */
function watchConnections(): IDBDatabase[] {
  const connections: IDBDatabase[] = []
  IDBFactory.prototype.open = function open(
    this: IDBFactory,
    ...args: Parameters<IDBFactory['open']>
  ): IDBOpenDBRequest {
    const request = originalOpen.apply(this, args)
    request.addEventListener('success', () => connections.push(request.result))
    return request
  }
  return connections
}

describe('the database of a store', () => {
  it('a full disk refuses the write with quota-exceeded and a page as failed; nothing else changes', async () => {
    const { device } = await makeDevice()
    const bench = new Bench(device)
    const store = await bench.openSynced({ id: 'a' })
    const before = await store.inspect()
    // As Chromium does: no request fails, the transaction aborts.
    IDBObjectStore.prototype.put = function put(
      this: IDBObjectStore,
      ...args: Parameters<IDBObjectStore['put']>
    ): IDBRequest<IDBValidKey> {
      const request = originalPut.apply(this, args)
      const fake = this.transaction as unknown as Readonly<Record<string, (name: string) => void>>
      fake['_abort']?.call(fake, 'QuotaExceededError')
      return request
    }
    await expect(bench.write(store, note.insert('b'))).rejects.toMatchObject({ code: 'quota-exceeded' })
    const page = bench.feed.put('notes', { id: 'c' }).page()
    expect(await store.commitPage((await store.readState()).fence, page)).toBe('failed')
    IDBObjectStore.prototype.put = originalPut
    expect(await store.inspect()).toEqual(before)
    await bench.write(store, note.insert('b'))
    expect(await notesOf(store)).toEqual([{ id: 'a' }, { id: 'b' }])
  })

  it('a transaction that makes no progress is given up, and the next one works', async () => {
    const fires: (() => void)[] = []
    const database = await openIdbDatabase({
      name: 'watched',
      watchdogMs: 7,
      startTimer: (ms, fire) => {
        expect(ms).toBe(7)
        fires.push(fire)
        return () => undefined
      },
    })
    const stuck = database.write('relaxed', async (tx) => {
      tx.put('meta', { key: 'exchanges', list: [] })
      // The time is up while the work waits for something that never comes.
      fires.at(-1)?.()
      await new Promise(() => undefined)
    })
    const next = database.read((tx) => tx.get('meta', 'exchanges'))
    await expect(stuck).rejects.toMatchObject({ code: 'storage-failed' })
    expect(await next).toBeUndefined()
  })

  it('a connection that the browser closed is opened again', async () => {
    const { device } = await makeDevice()
    const connections = watchConnections()
    const bench = new Bench(device)
    const store = await bench.openSynced({ id: 'a' })
    forceCloseDatabase(connections.at(-1) as never)
    expect(await notesOf(store)).toEqual([{ id: 'a' }])
    expect((await store.readSummary()).evictedAtMs).toBeNull()
    expect(connections.length).toBe(2)
  })

  it('a store that the browser has thrown away begins anew and says so', async () => {
    const { device, dbName } = await makeDevice()
    const connections = watchConnections()
    const bench = new Bench(device)
    const store = await bench.openSynced({ id: 'a' })
    forceCloseDatabase(connections.at(-1) as never)
    await deleteDB(dbName)
    bench.nowMs = 4711
    expect(await notesOf(store)).toEqual([])
    const { evictedAtMs, key } = await store.readSummary()
    expect([evictedAtMs, key]).toEqual([4711, 0])
  })

  it('a wiped store stands aside: its open stores answer closed, and its data is gone', async () => {
    const { device, dbName } = await makeDevice()
    const bench = new Bench(device)
    const store = await bench.openSynced({ id: 'a' })
    await removeStore([dbName], 'always', async () => undefined)
    await expect(store.get('notes', 'a')).rejects.toMatchObject({ code: 'closed' })
    expect(await notesOf(await bench.open())).toEqual([])
  })

  it('a database of a later layout is not touched', async () => {
    const { device, dbName } = await makeDevice()
    const later = await openDB(dbName, 99)
    later.close()
    await expect(new Bench(device).open()).rejects.toMatchObject({ code: 'newer-schema' })
  })

  it('a database of an earlier layout is refused with a code, and stays as it is', async () => {
    const { device, dbName } = await makeDevice()
    const earlier = await openDB(dbName, 1, {
      upgrade: (db) => db.createObjectStore('outbox', { keyPath: 'order' }).put({ order: 1, mutationId: 'unsent' }),
    })
    earlier.close()
    await expect(new Bench(device).open()).rejects.toMatchObject({ code: 'older-layout' })
    const after = await openDB(dbName)
    expect([after.version, await after.getAll('outbox')]).toEqual([1, [{ order: 1, mutationId: 'unsent' }]])
    after.close()
  })

  it('data of another account under the same name is refused', async () => {
    const { dbName } = await makeDevice()
    const options = {
      account: `browser ${devices}`,
      space: 'team',
      schema: { app: 'test', version: 1, collections: [] },
      onNotice: () => undefined,
    }
    const environment = { nowMs: () => 1, randomId: () => 'a'.repeat(32) }
    const store: Store = await openIdbStore(options, environment)
    await store.close()
    const db = await openDB(dbName)
    await db.put('meta', { ...(await db.get('meta', 'sync')), account: 'someone else' })
    db.close()
    await expect(openIdbStore(options, environment)).rejects.toMatchObject({ code: 'account-mismatch' })
  })
})

describe('the names and the list of stores', () => {
  it('a database name is stable, tells apps, partners, accounts and spaces apart, and shows none of them', () => {
    const id = { app: 'test', endpoint: 'http://app.test/sync', account: 'ann@example.org', space: 'team' }
    const name = makeDbName(id)
    expect(name).toMatch(/^web-sync-[0-9a-f]{32}$/)
    expect(makeDbName({ ...id })).toBe(name)
    const others = [
      { ...id, account: 'ann', space: '@example.orgteam' },
      { ...id, account: 'team', space: 'ann@example.org' },
      { ...id, app: 'other' },
      { ...id, endpoint: 'http://app.test/other' },
      { ...id, endpoint: null },
    ]
    expect(new Set([name, ...others.map(makeDbName)]).size).toBe(6)
  })

  it('the registry lists this device’s stores, the last opened first, across connections', async () => {
    const registry = await openRegistry()
    const entry = { app: 'test', endpoint: '/sync', account: 'a', space: 's', isRetired: false, schemaVersion: 1 }
    await registry.put({ ...entry, dbName: 'one', lastOpenedMs: 1 })
    await registry.put({ ...entry, dbName: 'two', lastOpenedMs: 2 })
    await registry.put({ ...entry, dbName: 'one', lastOpenedMs: 3 })
    const other = await openRegistry()
    expect((await other.list()).map((found) => [found.dbName, found.lastOpenedMs])).toEqual([
      ['one', 3],
      ['two', 2],
    ])
    await other.remove('one')
    other.close()
    expect((await registry.list()).map((found) => found.dbName)).toEqual(['two'])
    registry.close()
  })
})
