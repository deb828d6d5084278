import 'fake-indexeddb/auto'
import { forceCloseDatabase } from 'fake-indexeddb'
import { deleteDB, type IDBPDatabase, openDB } from 'idb'
import { afterEach, describe, expect, it } from 'vitest'
import type { Store, StorageRecovery, SyncError } from '../../contract/index.ts'
import { Bench, note, notesOf, sendable } from '../../testing/store-suite/index.ts'
import { makeDbName } from '../db-name.ts'
import { openDeliveryStore } from '../open-delivery-store.ts'
import { openIdbStore } from '../open-idb-store.ts'
import { removeStore } from '../remove-store.ts'
import { REMOVED } from '../runner.ts'
import { listIncarnations } from './incarnations.ts'

const open = Reflect.get<IDBFactory, 'open'>(IDBFactory.prototype, 'open')
const databases = Reflect.get<IDBFactory, 'databases'>(IDBFactory.prototype, 'databases')
const methods = Object.getOwnPropertyDescriptors(IDBObjectStore.prototype)

afterEach(() => {
  Object.assign(IDBFactory.prototype, { open, databases })
  for (const name of ['get', 'getAll', 'put'] as const)
    Object.defineProperty(IDBObjectStore.prototype, name, methods[name])
})

let devices = 0

/** One device; every `open` of its bench is one more tab. Deadlines pass soon, see {@link startTimer}. */
async function makeDevice(): Promise<{ bench: Bench; dbName: string; connections: IDBDatabase[] }> {
  devices += 1
  const account = `lasting ${devices}`
  const connections: IDBDatabase[] = []
  IDBFactory.prototype.open = function watched(this: IDBFactory, ...args: Parameters<IDBFactory['open']>) {
    const request = open.apply(this, args)
    request.addEventListener('success', () => connections.push(request.result))
    return request
  }
  const bench = new Bench({
    open: (options, environment) => openIdbStore({ ...options, account }, { ...environment, ...quick }),
  })
  return { bench, dbName: makeDbName({ app: 'test', endpoint: null, account, space: 'team' }), connections }
}

const quick = { startTimer }

/** Turns of the event loop, of which each answer of the database takes a few. */
const TURNS = 1_000

/** Deadlines are counted in turns, not by the clock: how busy the machine is must not decide what is given up. */
function startTimer(_ms: number, fire: () => void): () => void {
  let left = TURNS
  let next = setImmediate(function turn() {
    left -= 1
    if (left === 0) fire()
    else next = setImmediate(turn)
  })
  return () => clearImmediate(next)
}

/** What the store says of its recovery once nothing is under way any more. */
async function recoveryOf(store: Store): Promise<StorageRecovery> {
  return untilValue(async () => {
    const { recovery } = await store.readSummary()
    return recovery?.isOldKept === false ? recovery : null
  })
}

async function untilValue<T>(look: () => Promise<T | null>): Promise<T> {
  for (;;) {
    const value = await look()
    if (value !== null) return value
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
  }
}

/** Changes the rows behind the store's back. */
async function tamper(dbName: string, work: (db: IDBPDatabase) => Promise<unknown>): Promise<void> {
  const db = await openDB(dbName)
  await work(db)
  db.close()
}

/** Opens fail from now on, for these names, so many times. */
function failOpening(isAffected: (name: string) => boolean, times = Infinity): { readonly attempts: string[] } {
  const attempts: string[] = []
  const before = Reflect.get<IDBFactory, 'open'>(IDBFactory.prototype, 'open')
  IDBFactory.prototype.open = function failing(this: IDBFactory, ...args: Parameters<IDBFactory['open']>) {
    if (!isAffected(args[0]) || attempts.length >= times) return before.apply(this, args)
    attempts.push(args[0])
    throw new DOMException('Internal error opening backing store for indexedDB.open.', 'UnknownError')
  }
  return { attempts }
}

/** A transaction of another context that does not end until `end` is called, as a tab has that stands still. */
async function holdTransaction(dbName: string): Promise<{ end: (last?: object) => Promise<void> }> {
  const db = await openDB(dbName)
  const tx = db.transaction([...db.objectStoreNames], 'readwrite')
  const ended = new AbortController()
  const last: object[] = []
  const holding = (async () => {
    while (!ended.signal.aborted) await tx.objectStore('meta').get('nothing')
    for (const row of last) await tx.objectStore('groups').put(row)
    await tx.done
    db.close()
  })()
  return {
    end: async (row) => {
      if (row !== undefined) last.push(row)
      ended.abort()
      await holding
    },
  }
}

const ids = (rows: readonly { readonly mutationId: string }[]): string[] => rows.map(({ mutationId }) => mutationId)

describe('a database that fails', () => {
  it('a lost connection is opened again, and the work that it hit is done', async () => {
    const { bench, connections } = await makeDevice()
    const store = await bench.openSynced({ id: 'a' })
    const writing = bench.write(store, note.insert('b'))
    forceCloseDatabase(connections.at(-1) as never)
    await writing
    expect(await notesOf(store)).toEqual([{ id: 'a' }, { id: 'b' }])
    expect((await store.readSummary()).recovery).toBeNull()
  })

  it('opening that fails twice with UnknownError is tried a third time', async () => {
    const { bench, dbName } = await makeDevice()
    const first = await bench.openSynced({ id: 'a' })
    await first.close()
    const { attempts } = failOpening((name) => name === dbName, 2)
    const store = await bench.open()
    expect(attempts).toHaveLength(2)
    expect(await notesOf(store)).toEqual([{ id: 'a' }])
    expect(await listIncarnations(dbName)).toEqual([1])
  })

  it('one that never opens is left behind, kept, and read by a later start: nothing is lost', async () => {
    const { bench, dbName } = await makeDevice()
    const first = await bench.openSynced({ id: 'a' })
    const unsent = await bench.write(first, note.insert('b'))
    await first.close()
    failOpening((name) => name === dbName)
    const store = await bench.open()
    const { recovery } = await store.readSummary()
    expect(recovery).toMatchObject({ cause: 'error', saved: 0, unreadable: null, isOldKept: true })
    expect(recovery?.message).toContain('Internal error opening backing store')
    expect(await notesOf(store)).toEqual([])
    await store.close()
    IDBFactory.prototype.open = open
    const later = await bench.open()
    expect(await recoveryOf(later)).toMatchObject({ saved: 1, unreadable: 0, isOldKept: false })
    expect(ids(await sendable(later))).toEqual([unsent])
    expect(await listIncarnations(dbName)).toEqual([2])
  })

  it('where no database opens at all the code is storage-failed, after few attempts, and a later use tries again', async () => {
    const { bench } = await makeDevice()
    const { attempts } = failOpening(() => true)
    await expect(bench.open()).rejects.toMatchObject({ code: 'storage-failed' })
    expect(attempts.length).toBeLessThanOrEqual(4)
    IDBFactory.prototype.open = open
    expect(await notesOf(await bench.open())).toEqual([])
  })

  it('where the browser does not list its databases nothing is replaced', async () => {
    const { bench, dbName } = await makeDevice()
    Object.assign(IDBFactory.prototype, { databases: undefined })
    failOpening((name) => name === dbName)
    await expect(bench.open()).rejects.toMatchObject({ code: 'storage-failed' })
    Object.assign(IDBFactory.prototype, { databases })
    expect(await listIncarnations(dbName)).toEqual([])
  })

  it.each([
    { unanswered: 1, read: [{ id: 'a' }] },
    { unanswered: 3, read: 'storage-failed' },
  ])(
    'the browser leaves $unanswered questions for its databases unanswered: it is asked again, and no use waits for ever',
    async ({ unanswered, read }) => {
      const { bench, connections } = await makeDevice()
      const store = await bench.openSynced({ id: 'a' })
      let left = unanswered
      IDBFactory.prototype.databases = async function silent(this: IDBFactory) {
        left -= 1
        return left >= 0 ? new Promise<never>(() => undefined) : databases.call(this)
      }
      forceCloseDatabase(connections.at(-1) as never)
      expect(await notesOf(store).catch((error: SyncError) => error.code)).toEqual(read)
      expect(await notesOf(store)).toEqual([{ id: 'a' }])
    },
  )

  it('reads that fail while writes work end in a fresh database, too', async () => {
    const { bench, dbName } = await makeDevice()
    const store = await bench.openSynced({ id: 'a' })
    await bench.write(store, note.insert('b'))
    const getAll = Reflect.get<IDBObjectStore, 'getAll'>(IDBObjectStore.prototype, 'getAll')
    IDBObjectStore.prototype.getAll = function failing(this: IDBObjectStore, ...args: Parameters<typeof getAll>) {
      if (this.name === 'packs' && this.transaction.db.name === dbName)
        throw new DOMException('Internal error.', 'UnknownError')
      return getAll.apply(this, args)
    }
    expect(await notesOf(store)).toEqual([{ id: 'b' }])
    expect(await recoveryOf(store)).toMatchObject({ cause: 'error', saved: 1, unreadable: 0 })
  })

  it('a full disk is no broken database', async () => {
    const { bench, dbName } = await makeDevice()
    const store = await bench.openSynced({ id: 'a' })
    const put = Reflect.get<IDBObjectStore, 'put'>(IDBObjectStore.prototype, 'put')
    IDBObjectStore.prototype.put = function full(this: IDBObjectStore, ...args: Parameters<typeof put>) {
      const request = put.apply(this, args)
      const fake = this.transaction as unknown as Readonly<Record<string, (name: string) => void>>
      fake['_abort']?.call(fake, 'QuotaExceededError')
      return request
    }
    for (const id of ['b', 'c', 'd', 'e']) {
      await expect(bench.write(store, note.insert(id))).rejects.toMatchObject({ code: 'quota-exceeded' })
    }
    expect(await listIncarnations(dbName)).toEqual([1])
  })
})

describe('a full disk on which transactions end without a reason and nothing can be opened, as in Firefox', () => {
  it('is no broken database: writes say what is wrong, reads go on, and it goes on when there is room', async () => {
    const { bench, dbName } = await makeDevice()
    const store = await bench.openSynced({ id: 'a' })
    let isFull = true
    const put = Reflect.get<IDBObjectStore, 'put'>(IDBObjectStore.prototype, 'put')
    IDBObjectStore.prototype.put = function full(this: IDBObjectStore, ...args: Parameters<typeof put>) {
      const request = put.apply(this, args)
      if (isFull) this.transaction.abort()
      return request
    }
    const openFactory = Reflect.get<IDBFactory, 'open'>(IDBFactory.prototype, 'open')
    IDBFactory.prototype.open = function full(this: IDBFactory, ...args: Parameters<typeof openFactory>) {
      if (isFull)
        throw new DOMException('The current transaction exceeded its quota limitations.', 'QuotaExceededError')
      return openFactory.apply(this, args)
    }
    for (const id of ['b', 'c', 'd', 'e']) {
      await expect(bench.write(store, note.insert(id))).rejects.toMatchObject({ code: 'quota-exceeded' })
      expect(await notesOf(store)).toEqual([{ id: 'a' }])
    }
    isFull = false
    await bench.write(store, note.insert('f'))
    expect(await notesOf(store)).toEqual([{ id: 'a' }, { id: 'f' }])
    expect((await store.readSummary()).recovery).toBeNull()
    expect(await listIncarnations(dbName)).toEqual([1])
  })
})

describe('a database that does not answer', () => {
  it('is left for a fresh one in bounded time; what it held, and what the one who stood still wrote last, comes when it can be read', async () => {
    const { bench, dbName } = await makeDevice()
    const store = await bench.openSynced({ id: 'a' })
    const unsent = await bench.write(store, note.insert('b'))
    const [row] = (await store.inspect()).outbox
    const holder = await holdTransaction(dbName)
    const later = await bench.write(store, note.insert('c'))
    expect(ids(await sendable(store))).toEqual([later])
    expect((await store.readSummary()).recovery).toMatchObject({
      cause: 'no-answer',
      saved: 0,
      unreadable: null,
      isOldKept: true,
    })
    // The one who stood still goes on: its transaction was begun before, and is complete.
    const last = bench.mutationId()
    const ops = [{ op: 'insert', collection: 'notes', id: 'z', value: { id: 'z' } }]
    const written = { ...row, order: 99, mutationId: last, ops, bytes: 100, setAside: null, ix: [['id', last]] }
    await holder.end({ group: 99, text: JSON.stringify([['outbox', 99, written]]) })
    expect(await recoveryOf(store)).toMatchObject({ saved: 2, unreadable: 0 })
    // In the order in which they were meant: the fresh one's writes stand behind.
    expect(ids(await sendable(store))).toEqual([unsent, last, later])
    expect((await notesOf(store)).map(({ id }) => id)).toEqual(['b', 'c', 'z'])
    expect(await listIncarnations(dbName)).toEqual([2])
  })

  it('an edit that was saved after another one of the same record is not undone by the earlier one, which is carried over late', async () => {
    const { bench, dbName } = await makeDevice()
    const store = await bench.openSynced({ id: 'a', text: 'by the partner' })
    const first = await bench.write(store, note.patch('a', { text: 'my first edit' }))
    // Another tab stands still in a transaction: the database is given up, this tab goes on in a fresh one.
    const holder = await holdTransaction(dbName)
    const second = await bench.write(store, note.put('a', { text: 'my second edit' }))
    expect(await store.get('notes', 'a')).toMatchObject({ text: 'my second edit' })
    await holder.end()
    await recoveryOf(store)
    expect(await store.get('notes', 'a')).toMatchObject({ text: 'my second edit' })
    expect(ids(await sendable(store))).toEqual([first, second])
  })

  it('whoever still has the old one open writes no more there: its next write is in the fresh one', async () => {
    const { bench, dbName } = await makeDevice()
    const other = await bench.openSynced({ id: 'a' })
    const before = await bench.write(other, note.insert('by the other'))
    const store = await bench.open()
    failOpening((name) => name === dbName, 2)
    await breakNext(dbName)
    const mine = await bench.write(store, note.insert('b'))
    const after = await bench.write(other, note.insert('later'))
    await recoveryOf(store)
    expect(ids(await sendable(store)).toSorted()).toEqual([before, mine, after].toSorted())
    expect(ids(await sendable(other)).toSorted()).toEqual([before, mine, after].toSorted())
  })

  it('two tabs that give up at once make one fresh database, and nothing twice', async () => {
    const { bench, dbName } = await makeDevice()
    const tabs = [await bench.openSynced({ id: 'a' }), await bench.open(), await bench.open()]
    const unsent = await bench.write(tabs[0] as Store, note.insert('b'))
    const holder = await holdTransaction(dbName)
    const written = await Promise.all(tabs.map((tab, index) => bench.write(tab, note.insert(`t${index}`))))
    await holder.end()
    for (const tab of tabs) {
      await recoveryOf(tab)
      expect(ids(await sendable(tab)).toSorted()).toEqual([unsent, ...written].toSorted())
    }
    expect(await listIncarnations(dbName)).toEqual([2])
  })

  it('an older version of the app that holds its layout is told as storage-blocked in bounded time', async () => {
    const { bench, dbName } = await makeDevice()
    const old = await openDB(dbName, 1, {
      upgrade: (db) => {
        for (const name of ['base', 'overlay', 'outbox', 'journal', 'refused', 'stages']) {
          db.createObjectStore(name, { keyPath: 'id' }).createIndex('ix', 'ix')
        }
      },
    })
    await expect(bench.open()).rejects.toMatchObject({ code: 'storage-blocked' })
    old.close()
    expect(await listIncarnations(dbName)).toEqual([1])
    await deleteDB(dbName)
    expect(await notesOf(await bench.open())).toEqual([])
  })
})

/** The first transaction on the database fails at once, on each connection. */
async function breakNext(dbName: string): Promise<void> {
  const put = Reflect.get<IDBObjectStore, 'put'>(IDBObjectStore.prototype, 'put')
  let isBroken = true
  IDBObjectStore.prototype.put = function failing(this: IDBObjectStore, ...args: Parameters<typeof put>) {
    if (isBroken && this.transaction.db.name === dbName) {
      isBroken = false
      throw new DOMException('Connection to Indexed Database server lost.', 'UnknownError')
    }
    return put.apply(this, args)
  }
  return Promise.resolve()
}

describe('a database that is damaged', () => {
  it.each([
    { emptied: 'meta', isSaved: true },
    { emptied: 'packs', isSaved: true },
    { emptied: 'groups', isSaved: false },
  ])(
    'the store $emptied is empty while others are not: the rest of what the app wrote is saved, and everything else comes again',
    async ({ emptied, isSaved }) => {
      const { bench, dbName } = await makeDevice()
      const first = await bench.openSynced({ id: 'a' })
      const accepted = await bench.write(first, note.insert('accepted'))
      await bench.exchange(first)
      const unsent = await bench.write(first, note.insert('b', { text: 'b' }), note.patch('a', { text: 'patched' }))
      await first.close()
      await tamper(dbName, (db) => db.clear(emptied))
      const store = await bench.open()
      const saved = isSaved ? 1 : 0
      expect(await recoveryOf(store)).toMatchObject({
        cause: 'damaged',
        saved,
        unreadable: isSaved ? 0 : null,
        isOldKept: false,
      })
      expect(ids(await sendable(store))).toEqual(isSaved ? [accepted, unsent] : [])
      expect((await store.readSummary()).key).toBe(0)
      expect(await store.get('notes', 'b')).toEqual(isSaved ? { id: 'b', text: 'b' } : undefined)
      for (const page of bench.feed.snapshot()) await bench.commit(store, page)
      await bench.exchange(store)
      expect(await store.get('notes', 'a')).toEqual({ id: 'a', ...(isSaved ? { text: 'patched' } : {}) })
      expect(await listIncarnations(dbName)).toEqual([2])
    },
  )

  it('what is pending is seen as it was, also where it changed a record that has not come again yet', async () => {
    const { bench, dbName } = await makeDevice()
    const first = await bench.openSynced({ id: 'a' })
    await bench.write(first, note.patch('a', { text: 'patched' }))
    await first.close()
    await tamper(dbName, (db) => db.clear('meta'))
    const store = await bench.open()
    await recoveryOf(store)
    expect(await store.get('notes', 'a')).toEqual({ id: 'a', text: 'patched' })
  })

  it('a page of records whose text does not parse is left behind, not the writes', async () => {
    const { bench, dbName } = await makeDevice()
    const store = await bench.openSynced({ id: 'a' })
    const unsent = await bench.write(store, note.insert('b'))
    await tamper(dbName, async (db) => {
      for (const pack of await db.getAll('packs')) await db.put('packs', { ...pack, keys: '[["a' })
    })
    expect(await notesOf(store)).toEqual([{ id: 'b' }])
    expect(await recoveryOf(store)).toMatchObject({ cause: 'damaged', saved: 1, unreadable: 0 })
    expect(ids(await sendable(store))).toEqual([unsent])
  })

  it('writes that cannot be read are counted, and the others are saved', async () => {
    const { bench, dbName } = await makeDevice()
    const first = await bench.openSynced({ id: 'a' })
    const written = []
    for (const id of ['b', 'c', 'd', 'e']) written.push(await bench.write(first, note.insert(id)))
    await first.close()
    await tamper(dbName, async (db) => {
      await db.clear('meta')
      const [row] = await db.getAll('groups')
      await db.put('groups', { ...row, text: '[["outb' })
    })
    const getAll = Reflect.get<IDBObjectStore, 'getAll'>(IDBObjectStore.prototype, 'getAll')
    const get = Reflect.get<IDBObjectStore, 'get'>(IDBObjectStore.prototype, 'get')
    const isBad = (store: IDBObjectStore): boolean => store.name === 'groups' && store.transaction.db.name === dbName
    const bad = new DOMException('Failed to read large IndexedDB value', 'DataError')
    IDBObjectStore.prototype.getAll = function failing(this: IDBObjectStore, ...args: Parameters<typeof getAll>) {
      if (isBad(this)) throw bad
      return getAll.apply(this, args)
    }
    IDBObjectStore.prototype.get = function failing(this: IDBObjectStore, key) {
      if (isBad(this) && key === 3) throw bad
      return get.call(this, key)
    }
    const store = await bench.open()
    expect(await recoveryOf(store)).toMatchObject({ saved: 2, unreadable: 2 })
    expect(ids(await sendable(store))).toEqual([written[1], written[3]])
  })

  it('refused, set-aside and salvaged entries come along', async () => {
    const { bench, dbName } = await makeDevice()
    const first = await bench.openSynced({ id: 'a' })
    const aside = await bench.write(first, note.insert('aside'))
    await first.setAside(aside, 'undeliverable')
    await first.close()
    await tamper(dbName, async (db) => {
      const refused = {
        order: 77,
        mutationId: 'r',
        refusedAtMs: 1,
        type: 'refused',
        code: 'not-allowed',
        message: '',
        path: '',
        ops: [],
        records: [],
        ix: [['id', 'r']],
      }
      await db.put('groups', { group: 99, text: JSON.stringify([['refused', 77, refused]]) })
      await db.put('salvage', { collection: 'notes', id: 's', version: 'v', value: { id: 's' }, salvagedAtMs: 1 })
      await db.delete('meta', 'schema')
    })
    const store = await bench.open()
    expect(await recoveryOf(store)).toMatchObject({ cause: 'damaged', saved: 1, unreadable: 0 })
    expect((await store.inspect()).counts).toMatchObject({ pending: 1, setAside: 1, refused: 1 })
    expect(ids(await store.listRefused())).toEqual(['r'])
    expect(await sendable(store)).toEqual([])
    await tamper(`${dbName}.2`, async (db) => expect(await db.count('salvage')).toBe(1))
  })
})

/** A device whose first database could not be opened for a while, so that it has two. */
async function makeReplaced(): Promise<{ bench: Bench; dbName: string; store: Store }> {
  const { bench, dbName } = await makeDevice()
  const first = await bench.open()
  await first.close()
  failOpening((name) => name === dbName)
  const store = await bench.open()
  IDBFactory.prototype.open = open
  return { bench, dbName, store }
}

describe('databases beside each other', () => {
  it('a service worker finds the fresh one, and replaces none itself', async () => {
    const { bench, dbName } = await makeDevice()
    const first = await bench.openSynced({ id: 'a' })
    const unsent = await bench.write(first, note.insert('b'))
    await first.close()
    await tamper(dbName, (db) => db.clear('meta'))
    const options = {
      account: `lasting ${devices}`,
      space: 'team',
      schema: { app: 'test', version: 1, collections: [] },
      onNotice: () => undefined,
    }
    const environment = { nowMs: () => 1, randomId: () => 'a'.repeat(32), ...quick }
    await expect(openDeliveryStore(options, environment)).rejects.toMatchObject({ code: 'storage-failed' })
    const store = await bench.open()
    await recoveryOf(store)
    const delivery = await openDeliveryStore(options, environment)
    expect(ids(await delivery.readOutbox({ mutations: 9, bytes: 1e6 }))).toEqual([unsent])
  })

  it('a wipe removes all of them, and open stores are closed', async () => {
    const { dbName, store } = await makeReplaced()
    expect(await listIncarnations(dbName)).toEqual([1, 2])
    await removeStore([dbName], 'always', async () => undefined)
    // Whoever asks, however often, hears that it was removed, not only closed.
    for (const id of ['a', 'b']) {
      await expect(store.get('notes', id)).rejects.toMatchObject({ code: 'closed', cause: REMOVED })
    }
    expect(await listIncarnations(dbName)).toEqual([])
  })

  it('a browser that lists none, since one is damaged: the newest is found by its name, and nothing is made', async () => {
    const { bench, dbName, store } = await makeReplaced()
    await bench.write(store, note.insert('later'))
    IDBFactory.prototype.databases = () => Promise.reject(new DOMException('The operation failed.', 'UnknownError'))
    const next = await bench.open()
    expect(await notesOf(next)).toEqual([{ id: 'later' }])
    // The old one can be read again, so it goes, also found by its name; no other was made.
    await expect.poll(() => listIncarnations(dbName)).toEqual([2])
    IDBFactory.prototype.databases = databases
    expect(await listIncarnations(dbName)).toEqual([2])
  })

  it('a database that was begun and given up, which Firefox lists with version 0, is none', async () => {
    const { bench, dbName } = await makeDevice()
    await bench.write(await bench.open(), note.insert('a'))
    IDBFactory.prototype.databases = async function withLeftOver(this: IDBFactory) {
      return [...(await databases.call(this)), { name: `${dbName}.2`, version: 0 }]
    }
    expect(await listIncarnations(dbName)).toEqual([1])
    expect(await notesOf(await bench.open())).toEqual([{ id: 'a' }])
  })

  it('a browser that lists none and opens none: the failure is told in bounded time', async () => {
    const { bench, dbName } = await makeDevice()
    IDBFactory.prototype.databases = () => Promise.reject(new DOMException('The operation failed.', 'UnknownError'))
    failOpening((name) => name.startsWith(dbName))
    await expect(bench.open()).rejects.toMatchObject({ code: 'storage-failed' })
  })

  it('a context makes two fresh databases at most', async () => {
    const { bench, dbName } = await makeDevice()
    const store = await bench.open()
    const put = Reflect.get<IDBObjectStore, 'put'>(IDBObjectStore.prototype, 'put')
    IDBObjectStore.prototype.put = function failing(this: IDBObjectStore, ...args: Parameters<typeof put>) {
      if (this.name === 'groups') throw new DOMException('Internal error.', 'UnknownError')
      return put.apply(this, args)
    }
    await expect(bench.write(store, note.insert('a'))).rejects.toMatchObject({ code: 'storage-failed' })
    await expect(bench.write(store, note.insert('a'))).rejects.toMatchObject({ code: 'storage-failed' })
    IDBObjectStore.prototype.put = put
    await bench.write(store, note.insert('a'))
    expect(await notesOf(store)).toEqual([{ id: 'a' }])
    expect(Math.max(...(await listIncarnations(dbName)))).toBe(3)
  })
})
