/**
 * Copies a device: the databases that web-sync keeps for this app, as they are, for another browser
 * to open as its own. A copied profile, a restored phone backup or a cloned disk image does the same.
 * Databases of other apps on this origin are neither copied nor overwritten.
 */
import { schema } from '../schema.ts'

interface CopiedDatabase {
  readonly name: string
  readonly version: number
  readonly stores: readonly CopiedStore[]
}

interface CopiedStore {
  readonly name: string
  readonly keyPath: string | string[] | null
  readonly autoIncrement: boolean
  readonly indexes: readonly {
    readonly name: string
    readonly keyPath: string | string[]
    readonly unique: boolean
    readonly multiEntry: boolean
  }[]
  readonly rows: readonly (readonly [key: unknown, value: unknown])[]
}

/** Databases with more rows than this stay behind: the places are the same for everyone, and the copy fetches them itself. */
const MAX_ROWS = 20_000

/** The stores of all apps of an origin; each row says whose it is. */
const REGISTRY = 'web-sync-registry'

interface Copy {
  readonly databases: readonly CopiedDatabase[]
  /** Our rows of the registry. */
  readonly registered: readonly RegisteredStore[]
  /** Our part of localStorage. */
  readonly local: Readonly<Record<string, string>>
}

interface RegisteredStore {
  readonly app: string
  readonly dbName: string
}

/** All small databases of this app, as JSON. */
export async function exportDatabases(): Promise<string> {
  const registry = await readDatabase(REGISTRY)
  const rows = (registry?.stores ?? []).flatMap((store) => store.rows.map(([, value]) => value as RegisteredStore))
  const registered = rows.filter(({ app }) => app === schema.app)
  const isOurs = (name: string): boolean => registered.some(({ dbName }) => dbName === name)
  const databases: CopiedDatabase[] = []
  for (const { name = '' } of await indexedDB.databases()) {
    // A database that replaced another one has the old name and a number, as in `name.2`.
    if (!isOurs(name.split('.')[0] ?? '')) continue
    const copy = await readDatabase(name)
    if (copy !== null) databases.push(copy)
  }
  const local = Object.entries(localStorage).filter(([key]) => {
    return key.startsWith('field-notes:') || isOurs(key.replace(/^web-sync:synced:/, 'web-sync-'))
  })
  const copy: Copy = { databases, registered, local: Object.fromEntries(local) }
  return JSON.stringify(copy, (_key, value: unknown) => encode(value))
}

/** Puts the databases of a copy in the place of this browser's own; they must not be open. */
export async function importDatabases(content: string): Promise<void> {
  const copy = JSON.parse(content, (_key, value: unknown) => decode(value)) as Copy
  for (const database of copy.databases) await writeDatabase(database)
  await addToRegistry(copy.registered)
  for (const [key, value] of Object.entries(copy.local)) localStorage.setItem(key, value)
}

/** Keeps the rows that the registry has, and creates the registry in a browser that has none yet. */
async function addToRegistry(rows: readonly RegisteredStore[]): Promise<void> {
  const opening = indexedDB.open(REGISTRY)
  opening.addEventListener('upgradeneeded', () => opening.result.createObjectStore('stores', { keyPath: 'dbName' }))
  const database = await toPromise(opening)
  const store = database.transaction('stores', 'readwrite').objectStore('stores')
  await Promise.all(rows.map((row) => toPromise(store.put(row))))
  database.close()
}

/** Null: it has too many rows, or was deleted after it was listed; it must not be created by looking. */
async function readDatabase(name: string): Promise<CopiedDatabase | null> {
  const database = await openIfThere(name)
  if (database === null) return null
  try {
    const names = [...database.objectStoreNames]
    if (names.length === 0) return { name, version: database.version, stores: [] }
    const transaction = database.transaction(names, 'readonly')
    const counts = await Promise.all(names.map((store) => toPromise(transaction.objectStore(store).count())))
    if (counts.reduce((sum, count) => sum + count, 0) > MAX_ROWS) return null
    const stores = await Promise.all(names.map((store) => readStore(transaction.objectStore(store))))
    return { name, version: database.version, stores }
  } finally {
    database.close()
  }
}

async function openIfThere(name: string): Promise<IDBDatabase | null> {
  const opening = indexedDB.open(name)
  let isMissing = false
  opening.addEventListener('upgradeneeded', () => {
    isMissing = true
    opening.transaction?.abort()
  })
  try {
    return await toPromise(opening)
  } catch (error) {
    if (isMissing) return null
    throw error
  }
}

async function readStore(store: IDBObjectStore): Promise<CopiedStore> {
  const [keys, values] = await Promise.all([toPromise(store.getAllKeys()), toPromise(store.getAll())])
  return {
    name: store.name,
    keyPath: store.keyPath,
    autoIncrement: store.autoIncrement,
    indexes: [...store.indexNames].map((name) => {
      const index = store.index(name)
      return { name, keyPath: index.keyPath, unique: index.unique, multiEntry: index.multiEntry }
    }),
    rows: keys.map((key, at) => [key, values[at]] as const),
  }
}

async function writeDatabase(copy: CopiedDatabase): Promise<void> {
  await toPromise(indexedDB.deleteDatabase(copy.name))
  const opening = indexedDB.open(copy.name, copy.version)
  opening.addEventListener('upgradeneeded', () => {
    for (const store of copy.stores) makeStore(opening.result, store)
  })
  const database = await toPromise(opening)
  database.close()
}

function makeStore(database: IDBDatabase, copy: CopiedStore): void {
  const store = database.createObjectStore(copy.name, { keyPath: copy.keyPath, autoIncrement: copy.autoIncrement })
  for (const { name, keyPath, unique, multiEntry } of copy.indexes)
    store.createIndex(name, keyPath, { unique, multiEntry })
  for (const [key, value] of copy.rows) {
    if (copy.keyPath === null) store.put(value, key as IDBValidKey)
    else store.put(value)
  }
}

async function toPromise<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error ?? new Error('the database does not answer')))
  })
}

/** What JSON cannot say is said by an object with this field. */
const MARK = '$copied'

function encode(value: unknown): unknown {
  if (value instanceof ArrayBuffer) return { [MARK]: 'buffer', bytes: [...new Uint8Array(value)] }
  if (value instanceof Uint8Array) return { [MARK]: 'bytes', bytes: [...value] }
  if (typeof value === 'bigint') return { [MARK]: 'bigint', text: String(value) }
  if (value === Number.POSITIVE_INFINITY) return { [MARK]: 'infinity' }
  return value
}

function decode(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !(MARK in value)) return value
  const copied = value as { readonly [MARK]: string; readonly bytes?: readonly number[]; readonly text?: string }
  switch (copied[MARK]) {
    case 'buffer':
      return new Uint8Array(copied.bytes ?? []).buffer
    case 'bytes':
      return new Uint8Array(copied.bytes ?? [])
    case 'bigint':
      return BigInt(copied.text ?? '0')
    case 'infinity':
      return Number.POSITIVE_INFINITY
    default:
      return value
  }
}
