import { DatabaseSync } from 'node:sqlite'
import type { Foresight, PartnerStorage } from '../index.ts'
import { anyBytes, memoryStorage, sqliteStorage } from '../index.ts'
import { tempFile } from './test-partner.fixture.ts'

/** A storage and all that is in it, as text: two equal texts are two equal storages. */
export interface DumpedStorage {
  readonly name: string
  readonly storage: PartnerStorage
  /** Without the one trace that an invalid key leaves: that the history shows a restore. */
  readonly dump: () => Promise<string>
}

/** Makes a storage of each kind. */
export const DUMPED_STORAGES: readonly (readonly [string, () => DumpedStorage])[] = [
  ['memory', dumpedMemory],
  ['SQLite', dumpedSqlite],
]

/** In memory; outcomes and requests can only be asked for by name, so every name that was ever looked up or stored is asked for. */
function dumpedMemory(): DumpedStorage {
  const storage = memoryStorage()
  const asked = new Set<string>()
  const watched: PartnerStorage = {
    ...bindAll(storage),
    transaction: (space, work) =>
      storage.transaction(space, (tx) =>
        work(
          spy(tx, (method, args) => {
            if (method === 'getOutcome' || method === 'getRequest') asked.add(JSON.stringify([method, ...args]))
            if (method === 'putRequest') {
              const [partnershipId, { requestId }] = args as [string, { requestId: string }]
              asked.add(JSON.stringify(['getRequest', partnershipId, requestId]))
            }
          }),
        ),
      ),
  }
  return { name: 'memory', storage: watched, dump: () => dumpMemory(storage, asked) }
}

async function dumpMemory(storage: PartnerStorage, asked: ReadonlySet<string>): Promise<string> {
  const spaces: unknown[] = []
  for (const space of await storage.listSpaces()) {
    spaces.push(
      await storage.read(space, async (tx) => {
        const { isRestoreSeen: _, ...head } = await tx.getSpace()
        const log = await tx.listLog(head.floor, head.head, anyBytes(head.head + 1))
        const records: unknown[] = []
        for (const collection of new Set(log.map((change) => change.collection))) {
          records.push(await tx.listRecords(collection, null, anyBytes(1_000_000)))
        }
        const partnerships: unknown[] = []
        for (const partnership of await tx.listPartnerships(null)) {
          partnerships.push(partnership, await tx.listCheckpoints(partnership.partnershipId))
        }
        const named: unknown[] = []
        for (const text of asked) {
          const [method, first, second] = JSON.parse(text) as ['getOutcome' | 'getRequest', string, string]
          const row = await tx[method](first, second)
          if (row !== null) named.push(row)
        }
        return { space, head, log, records, partnerships, named }
      }),
    )
  }
  return JSON.stringify(spaces)
}

/** On a file, whose tables are read by a connection of our own. */
function dumpedSqlite(): DumpedStorage {
  const path = tempFile()
  return { name: 'SQLite', storage: sqliteStorage(path), dump: async () => dumpFile(path) }
}

/** All rows of all tables of a SQLite file but `sightings`. */
export function dumpFile(path: string): string {
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").all()
    const names = tables.map((row) => row['name'] as string).filter((name) => name !== 'sightings')
    return JSON.stringify(names.map((name) => [name, database.prepare(`SELECT * FROM ${name}`).all()]))
  } finally {
    database.close()
  }
}

/** A storage whose transactions fail at their n-th call, or at the commit: everything that they wrote must be gone. */
export function failingStorage(storage: PartnerStorage): {
  readonly storage: PartnerStorage
  /** The call that fails, from 0; 'commit': after all of them; null: none. */
  failAt: number | 'commit' | null
} {
  const control = {
    failAt: null as number | 'commit' | null,
    storage: {
      ...bindAll(storage),
      transaction: <T>(space: string, work: (tx: never) => Promise<T>, foresight?: Foresight) =>
        storage.transaction(
          space,
          async (tx) => {
            let calls = 0
            const result = await work(
              spy(tx, () => {
                if (calls === control.failAt) failNow()
                calls += 1
              }) as never,
            )
            if (control.failAt === 'commit') failNow()
            return result
          },
          foresight,
        ),
    } as PartnerStorage,
  }
  return control
}

function failNow(): never {
  throw new Error('the disk of the test is gone')
}

/** The object, whose every call is told before it is made. */
function spy<T extends object>(target: T, tell: (method: string, args: readonly unknown[]) => void): T {
  return new Proxy(target, {
    get(object, name) {
      const method = Reflect.get(object, name) as unknown
      if (typeof method !== 'function' || typeof name !== 'string') return method
      return (...args: readonly unknown[]): unknown => {
        tell(name, args)
        return Reflect.apply(method, object, args) as unknown
      }
    },
  })
}

/** A storage's methods, bound to it, so that single ones can be replaced. */
function bindAll(storage: PartnerStorage): PartnerStorage {
  return {
    isPrimary: () => storage.isPrimary(),
    transaction: (space, work, foresight) => storage.transaction(space, work, foresight),
    read: (space, work) => storage.read(space, work),
    readPartnerId: (draw) => storage.readPartnerId(draw),
    listSpaces: () => storage.listSpaces(),
    findPartnerships: (account, ids) => storage.findPartnerships(account, ids),
    markDurable: (space) => storage.markDurable(space),
    eraseAccount: (account) => storage.eraseAccount(account),
    eraseSpace: (space) => storage.eraseSpace(space),
    close: () => storage.close(),
  }
}
