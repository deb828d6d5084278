import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { openDB } from 'idb'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Store } from '../../contract/index.ts'
import { makeDbName } from '../db-name.ts'
import { openDeliveryStore } from '../open-delivery-store.ts'
import { openIdbStore } from '../open-idb-store.ts'
import { openRegistry } from '../registry.ts'
import { countStore, removeStore } from '../remove-store.ts'
import { deleteDatabase, openToWrite } from './door.ts'

const collections = [{ name: 'notes', indexes: {}, putsTravelAsPatch: true }]
const storeId = { app: 'test', endpoint: null, account: 'ann', space: 's' }
const options = {
  account: 'ann',
  space: 's',
  schema: { app: 'test', version: 1, collections },
  onNotice: () => undefined,
}
const environment = { nowMs: () => 1, randomId: () => 'a'.repeat(32), startTimer }
const entry = { ...storeId, isRetired: false, schemaVersion: 1, lastOpenedMs: 1 }

/** Turns of the event loop, of which each answer of the database takes a few. */
const TURNS = 500

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

/** What the browser was asked for. */
interface Watched {
  /** The databases that were opened, in order. */
  readonly opened: string[]
  /** Those in which a transaction wrote before the log was begun anew. */
  readonly early: string[]
  /** False since the browser was started: the log that it found may end in half a record. */
  isNew: boolean
  /** What opening a database of this name does; null: what it always does. */
  openInstead: ((name: string) => IDBOpenDBRequest | null) | null
}

let watched: Watched

const isSpare = (name: string): boolean => name.startsWith('web-sync-spare')

function watch(): Watched {
  const seen: Watched = { opened: [], early: [], isNew: false, openInstead: null }
  const open = Reflect.get<IDBFactory, 'open'>(IDBFactory.prototype, 'open')
  const remove = Reflect.get<IDBFactory, 'deleteDatabase'>(IDBFactory.prototype, 'deleteDatabase')
  vi.spyOn(IDBFactory.prototype, 'open').mockImplementation(function noted(this: IDBFactory, name, version) {
    seen.opened.push(name)
    const other = seen.openInstead?.(name) ?? null
    if (other !== null) return other
    const request = open.call(this, name, version)
    request.addEventListener('upgradeneeded', () => {
      if (!seen.isNew && !isSpare(name)) seen.early.push(name)
    })
    return request
  })
  vi.spyOn(IDBFactory.prototype, 'deleteDatabase').mockImplementation(function noted(this: IDBFactory, name) {
    const request = remove.call(this, name)
    request.addEventListener('success', () => {
      seen.isNew = true
    })
    return request
  })
  for (const method of ['put', 'add', 'delete', 'clear'] as const) {
    const before = IDBObjectStore.prototype[method] as (...args: unknown[]) => IDBRequest
    vi.spyOn(IDBObjectStore.prototype, method).mockImplementation(function noted(
      this: IDBObjectStore,
      ...args: unknown[]
    ) {
      if (!seen.isNew) seen.early.push(this.transaction.db.name)
      return before.apply(this, args) as never
    })
  }
  return seen
}

/** The browser says that it is this one. */
function stubNavigator(navigator: object): void {
  vi.stubGlobal('navigator', { locks: globalThis.navigator.locks, ...navigator })
}

function write(store: Store, id: string): Promise<void> {
  return store.write(crypto.randomUUID(), [{ op: 'insert', collection: 'notes', id, value: { id } }])
}

const silent = (): IDBOpenDBRequest => new EventTarget() as IDBOpenDBRequest
const failing = (): IDBOpenDBRequest => {
  throw new DOMException('Internal error opening backing store for indexedDB.open.', 'UnknownError')
}
const full = (): IDBOpenDBRequest => {
  throw new DOMException('full', 'QuotaExceededError')
}

/** Making a spare database does this from now on. */
function onSpare(instead: () => IDBOpenDBRequest): void {
  watched.openInstead = (name) => (isSpare(name) ? instead() : null)
}

beforeEach(() => {
  vi.stubGlobal('indexedDB', new IDBFactory())
  watched = watch()
})

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

describe('the log is begun anew before anything is written', () => {
  beforeEach(async () => {
    stubNavigator({ userAgentData: {} })
    const store = await openIdbStore(options, environment)
    await write(store, 'a')
    await store.close()
    const registry = await openRegistry()
    await registry.put({ ...entry, dbName: makeDbName(storeId) })
    registry.close()
    watched.isNew = false
    watched.early.length = 0
  })

  const doors: Readonly<Record<string, () => Promise<unknown>>> = {
    'a page’s worker that writes': async () => write(await openIdbStore(options, environment), 'b'),
    'a page’s worker that begins a new store': async () => openIdbStore({ ...options, space: 'new' }, environment),
    'a page’s worker with a newer schema': async () =>
      openIdbStore({ ...options, schema: { ...options.schema, version: 2 } }, environment),
    'the service worker that stores what it has tried': async () => {
      const store = await openDeliveryStore(options, environment)
      const { memory } = await store.readState()
      await store.writeMemory(memory, { exchanges: [], syncedAtMs: 1 })
    },
    'the registry': async () => (await openRegistry()).put({ ...entry, dbName: 'another' }),
    'a removal': async () => removeStore([makeDbName(storeId)], 'always', async () => undefined),
    'a count': async () => countStore(makeDbName(storeId)),
    'a recovery, with what the old database had': async () => {
      const dbName = makeDbName(storeId)
      watched.openInstead = (name) => (name === dbName ? failing() : null)
      await (await openIdbStore(options, environment)).close()
      watched.openInstead = null
      watched.isNew = false
      const later = await openIdbStore(options, environment)
      await expect.poll(async () => (await later.readSummary()).recovery).toMatchObject({ saved: 1, isOldKept: false })
    },
  }

  it.each(Object.entries(doors))('by %s', async (_who, work) => {
    await work()
    expect(watched.early).toEqual([])
    expect(watched.opened).toContain('web-sync-spare')
    const left = (await indexedDB.databases()).map(({ name }) => name)
    expect(left.filter((name) => name?.startsWith('web-sync-spare'))).toEqual([])
  })
})

describe('in every browser that may be built on Chromium, and in no other', () => {
  const linux = 'Mozilla/5.0 (X11; Linux x86_64)'
  const android = 'Mozilla/5.0 (Linux; Android 14; Pixel 8; wv)'
  const webkit = 'AppleWebKit/537.36 (KHTML, like Gecko)'
  it.each([
    ['Chromium', { userAgentData: {}, userAgent: `${linux} ${webkit} Chrome/156.0.0.0 Safari/537.36` }, true],
    ['Chromium on a page without https', { userAgent: `${linux} ${webkit} Chrome/156.0.0.0 Safari/537.36` }, true],
    [
      'Android’s WebView',
      { userAgent: `${android} ${webkit} Version/4.0 Chrome/156.0.0.0 Mobile Safari/537.36` },
      true,
    ],
    ['a WebView with a name of its app’s', { userAgent: 'FieldNotes/3.1' }, true],
    ['Firefox', { userAgent: `${linux} Gecko/20100101 Firefox/150.0` }, false],
    [
      'Firefox on Android',
      { userAgent: 'Mozilla/5.0 (Android 14; Mobile; rv:150.0) Gecko/150.0 Firefox/150.0' },
      false,
    ],
    [
      'Safari',
      {
        userAgent: `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15`,
      },
      false,
    ],
    [
      'Chrome on an iPhone, which is WebKit',
      {
        userAgent: `Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/156.0 Mobile/15E148 Safari/604.1`,
      },
      false,
    ],
    ['Node, where apps run their tests', { userAgent: 'Node.js/24' }, false],
  ])('%s', async (_name, navigator, mayReuseLogs) => {
    stubNavigator(navigator)
    await write(await openIdbStore(options, environment), 'a')
    expect(watched.opened.includes('web-sync-spare')).toBe(mayReuseLogs)
  })
})

describe('where the log is not begun anew', () => {
  beforeEach(async () => {
    stubNavigator({ userAgentData: {} })
    const store = await openIdbStore(options, environment)
    await write(store, 'a')
    await store.close()
    watched.isNew = false
  })

  it.each([
    ['fails', failing],
    ['does not end', silent],
  ])(
    'because that %s: what is there is shown, no write is promised, and the next one tries again',
    async (_how, instead) => {
      onSpare(instead)
      const store = await openIdbStore(options, environment)
      expect(await store.get('notes', 'a')).toEqual({ id: 'a' })
      await expect(write(store, 'b')).rejects.toMatchObject({ code: 'storage-failed' })
      expect(watched.early).toEqual([])
      // It says nothing of the database, which is not replaced.
      expect((await store.readSummary()).recovery).toBeNull()
      watched.openInstead = null
      await write(store, 'b')
      expect(await store.get('notes', 'b')).toEqual({ id: 'b' })
    },
  )

  it.each([
    ['fails', failing],
    ['does not end', silent],
  ])('because that %s: no store is made, and the service worker writes nothing', async (_how, instead) => {
    onSpare(instead)
    await expect(openIdbStore({ ...options, space: 'new' }, environment)).rejects.toMatchObject({
      code: 'storage-failed',
    })
    await expect(openDeliveryStore(options, environment)).rejects.toMatchObject({ code: 'storage-failed' })
    expect(watched.early).toEqual([])
  })

  it('because a frozen context has the first name: another one serves', async () => {
    const frozen = await openDB('web-sync-spare')
    watched.isNew = false
    const store = await openIdbStore(options, environment)
    await write(store, 'b')
    expect(watched.early).toEqual([])
    expect(await store.get('notes', 'b')).toEqual({ id: 'b' })
    frozen.close()
  })

  it('because the device has no room: a write says so', async () => {
    onSpare(full)
    const store = await openIdbStore(options, environment)
    await expect(write(store, 'b')).rejects.toMatchObject({ code: 'quota-exceeded' })
    expect(await store.get('notes', 'a')).toEqual({ id: 'a' })
  })
})

describe('nobody is waited for without end', () => {
  it('a context that is frozen keeps a database from being deleted: storage-blocked', async () => {
    const frozen = await openDB('held', 1)
    await expect(deleteDatabase('held', startTimer)).rejects.toMatchObject({ code: 'storage-blocked' })
    frozen.close()
  })

  it('a deletion that waits for a frozen context keeps a database from being opened: a code', async () => {
    const frozen = await openDB('held', 1)
    const deleting = indexedDB.deleteDatabase('held')
    await expect(openToWrite('held', { version: 1, make: () => undefined, startTimer })).rejects.toMatchObject({
      code: 'storage-failed',
    })
    frozen.close()
    await expect.poll(() => deleting.readyState).toBe('done')
  })
})
