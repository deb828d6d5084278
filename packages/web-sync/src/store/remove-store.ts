import { type StoreId, SyncError, type UnsentRows } from '../contract/index.ts'
import { deleteDatabase, listDatabases, openToWrite, WATCHDOG_MS } from './idb/door.ts'
import { listIncarnations, nameIncarnation } from './idb/incarnations.ts'
import { openIdbDatabase } from './idb/idb-database.ts'
import { toSyncError } from './idb/idb-errors.ts'
import { inTime, startPlatformTimer } from './idb/in-time.ts'
import { openRegistry, REGISTRY_NAME, type Registry } from './registry.ts'
import type { SyncRow } from './rows.ts'
import {
  addUnsent,
  countUnsent,
  type EmptyWhen,
  emptyRows,
  isNothing,
  NOTHING_UNSENT,
  UNREADABLE,
} from './unsent-rows.ts'

/** What came of {@link removeStore}. */
export interface RemovedStore {
  /** What was there. */
  readonly unsent: UnsentRows
  readonly isRemoved: boolean
}

/** Name of a store's database, and of those at former addresses that it takes over. */
type StoreNames = readonly [name: string, ...former: string[]]

/** Looks at a store's databases until two looks find the same ones: one may be replaced meanwhile. */
const MOST_LOOKS = 5

/**
 * Counts what would be lost with a store: in all databases that it has, those that were left behind included, but for what the one in
 * use has taken over. What cannot be read makes the count incomplete. Nothing is changed. Errors: storage-failed, if the browser does
 * not say which databases there are.
 */
export async function countStore(...dbNames: StoreNames): Promise<UnsentRows> {
  try {
    return (await countAll(dbNames)).unsent
  } catch (error) {
    throw toSyncError(error)
  }
}

/**
 * Removes a store from this device, with the databases that it has left behind, and its entry in the registry. Open stores of it, in any
 * context, stand aside and answer 'closed'. `if-sent`: only if it is certain that nothing is lost with it; a write that is stored
 * between the look and the deed keeps it.
 *
 * A context that is frozen and holds the database does not keep it: it is emptied, and the browser deletes the empty one when that
 * context is gone. Errors: storage-blocked, storage-failed; then something is left, and it can be called again.
 *
 * @param onRemoving called when it is certain that something is removed, before anybody can notice
 */
export async function removeStore(
  dbNames: StoreNames,
  when: EmptyWhen,
  onRemoving: () => Promise<void>,
): Promise<RemovedStore> {
  try {
    const counted = await countAll(dbNames)
    if (when === 'if-sent' && !isNothing(counted.unsent)) return { unsent: counted.unsent, isRemoved: false }
    return await empty(dbNames, counted, when, onRemoving)
  } catch (error) {
    throw toSyncError(error)
  }
}

/** The stores of this device that the registry does not list, as far as the browser says which databases there are. */
export async function listStoresBeside(registered: readonly { readonly dbName: string }[]): Promise<StoreId[]> {
  const listed = (await listDatabases().catch(() => null)) ?? []
  const known = new Set([REGISTRY_NAME, ...registered.map(({ dbName }) => dbName)])
  const stores: StoreId[] = []
  for (const name of listed) {
    const [first = ''] = name.split('.')
    if (!/^web-sync-[0-9a-f]{32}$/.test(first) || known.has(first)) continue
    const owner = await readFirstRow(name)
    if (owner !== null) stores.push(owner)
  }
  return stores
}

interface Counted {
  /** Oldest first. */
  readonly names: readonly string[]
  /** Names of those whose contents the newest one has. */
  readonly carried: readonly string[]
  readonly unsent: UnsentRows
}

/** Oldest first: what is carried over meanwhile goes from an older one to a newer one, and is met at least once. */
async function countAll(dbNames: StoreNames): Promise<Counted> {
  let names = await listNames(dbNames)
  for (let look = 1; ; look += 1) {
    const newest = names.at(-1)
    const carried = newest === undefined ? [] : await readCarried(newest)
    let unsent = NOTHING_UNSENT
    for (const name of names) {
      if (!carried.includes(name)) unsent = addUnsent(unsent, await countOne(name, name !== newest))
    }
    const again = await listNames(dbNames)
    const isSame = again.every((name) => names.includes(name))
    if (isSame || look === MOST_LOOKS)
      return { names, carried, unsent: isSame ? unsent : addUnsent(unsent, UNREADABLE) }
    names = again
  }
}

/** Those of former addresses first, for the store's own take them over; then by age. */
async function listNames(dbNames: StoreNames): Promise<string[]> {
  const names: string[] = []
  for (const dbName of dbNames.toReversed()) {
    for (const incarnation of await listIncarnations(dbName)) names.push(nameIncarnation(dbName, incarnation))
  }
  return names
}

async function empty(
  dbNames: StoreNames,
  counted: Counted,
  when: EmptyWhen,
  onRemoving: () => Promise<void>,
): Promise<RemovedStore> {
  let { unsent } = counted
  const notify = once(onRemoving)
  const done = new Set<string>()
  for (let { names } = counted; ;) {
    const newest = names.at(-1)
    const emptied = new Set<string>()
    // Newest first: whoever has it open writes there, or nowhere.
    for (const name of names.toReversed()) {
      // It may be that it cannot be opened any more, for its deletion waits already.
      const isCarried = counted.carried.includes(name)
      const found = isCarried ? NOTHING_UNSENT : await emptyOne(name, when, name !== newest)
      if (when === 'if-sent' && !isNothing(found)) return { unsent: found, isRemoved: false }
      if (found.isComplete) emptied.add(name)
      await notify()
    }
    await notify()
    for (const name of names.toReversed()) {
      await deleteOne(name, emptied.has(name))
      done.add(name)
    }
    // One that took another's place meanwhile: with `if-sent` it has what was written, and stays.
    names = when === 'always' ? (await listNames(dbNames)).filter((one) => !done.has(one)) : []
    if (names.length === 0) break
    unsent = addUnsent(unsent, UNREADABLE)
  }
  await withRegistry(async (registry) => {
    for (const dbName of dbNames) await registry.remove(dbName)
  })
  return { unsent, isRemoved: true }
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | null = null
  return async () => {
    done ??= work()
    await done
  }
}

async function deleteOne(name: string, isEmptied: boolean): Promise<void> {
  try {
    await deleteDatabase(name)
  } catch (error) {
    // Nothing is in it any more; the browser goes on waiting for whoever has it open.
    if (!isEmptied) throw error
  }
}

async function countOne(name: string, isLeft: boolean): Promise<UnsentRows> {
  return useOne(name, (database) => countUnsent(database, isLeft))
}

async function emptyOne(name: string, when: EmptyWhen, isLeft: boolean): Promise<UnsentRows> {
  return useOne(name, (database) => emptyRows(database, when, isLeft))
}

/** A database that is gone has nothing; one that cannot be read has nobody knows what. */
async function useOne(
  name: string,
  work: (database: Awaited<ReturnType<typeof openIdbDatabase>>) => Promise<UnsentRows>,
): Promise<UnsentRows> {
  try {
    const database = await openIdbDatabase({ name, mustExist: true })
    try {
      return await work(database)
    } finally {
      database.drop()
    }
  } catch (error) {
    return error instanceof SyncError && error.code === 'closed' ? NOTHING_UNSENT : UNREADABLE
  }
}

/** Names of the databases whose contents are in this one. */
async function readCarried(name: string): Promise<readonly string[]> {
  return (await readFirstRow(name))?.carried ?? []
}

async function readFirstRow(name: string): Promise<SyncRow | null> {
  try {
    const db = await openToWrite(name)
    try {
      const reading = db.get('meta', 'sync') as Promise<SyncRow | undefined>
      return (await inTime(reading, WATCHDOG_MS, startPlatformTimer)) ?? null
    } finally {
      db.close()
    }
  } catch {
    return null
  }
}

/** Works on the registry, and closes it. Errors: as of {@link openRegistry}. */
export async function withRegistry<T>(work: (registry: Registry) => Promise<T>): Promise<T> {
  const registry = await openRegistry()
  try {
    return await work(registry)
  } finally {
    registry.close()
  }
}
