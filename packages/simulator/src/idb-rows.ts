import * as fake from 'fake-indexeddb'
import { type MemoryDatabase, openIdbDatabase } from 'web-sync/testing'
import type { DeviceRows } from './disk.ts'

/** A database of IndexedDB, opened by whoever needs it first. */
type Rows = Pick<MemoryDatabase, 'read' | 'write'>

/**
 * Makes the disks of one simulation on IndexedDB, as fake-indexeddb has it: the real code of the store opens it. Each disk is a database
 * of its own in one new factory, which becomes the platform's; so one simulation after another, never two at a time.
 *
 * Deterministic: fake-indexeddb does everything in `setImmediate` tasks, which Node runs in the order in which they were queued; no
 * timer decides anything (the store's watchdog is not started) and no thread (databases have plain names, not hashed ones).
 */
export function idbDisks(): () => DeviceRows {
  // All the classes: `idb` looks for them on the platform.
  Object.assign(globalThis, fake, { indexedDB: new fake.IDBFactory() })
  let count = 0
  const nextName = (): string => {
    count += 1
    return `disk-${count}`
  }
  return () => new IdbRows(nextName(), Promise.resolve(), nextName)
}

/** One disk. What is a process of its own has a connection of its own, so that transactions of several meet in the database itself. */
class IdbRows implements DeviceRows {
  readonly #name: string
  /** Settles when what it is a copy of is in it. */
  readonly #filled: Promise<void>
  readonly #nextName: () => string
  readonly #rows: Rows

  constructor(name: string, filled: Promise<void>, nextName: () => string) {
    this.#name = name
    this.#filled = filled
    this.#nextName = nextName
    this.#rows = this.#openLazily()
  }

  read: MemoryDatabase['read'] = (work) => this.#rows.read(work)

  write: MemoryDatabase['write'] = (durability, work, onComplete) => this.#rows.write(durability, work, onComplete)

  /** The copy is what is there now; it is made while others go on, and whoever uses it waits for that. */
  copy = (): DeviceRows => {
    const name = this.#nextName()
    const filled = this.#filled.then(() => copyRows(this.#name, name))
    // Whoever uses the copy hears of a failure.
    filled.catch(() => undefined)
    return new IdbRows(name, filled, this.#nextName)
  }

  connect = (): MemoryDatabase => ({ ...this.#openLazily(), copy: this.copy })

  #openLazily(): Rows {
    let opening: Promise<Rows> | null = null
    const open = async (): Promise<Rows> => {
      opening ??= this.#filled.then(() => openRows(this.#name))
      return opening
    }
    return {
      read: async (work) => (await open()).read(work),
      write: async (durability, work, onComplete) => (await open()).write(durability, work, onComplete),
    }
  }
}

/** A connection as the store makes it. */
function openRows(name: string): ReturnType<typeof openIdbDatabase> {
  return openIdbDatabase({ name, startTimer: () => () => undefined })
}

/** Copies a whole database, past all that knows what a row is. */
async function copyRows(from: string, to: string): Promise<void> {
  // The store's code makes the tables.
  await (await openRows(from)).close()
  await (await openRows(to)).close()
  const [source, target] = [await answerOf(indexedDB.open(from)), await answerOf(indexedDB.open(to))]
  const names = [...source.objectStoreNames]
  const reading = source.transaction(names)
  const rows = await Promise.all(names.map((name) => answerOf(reading.objectStore(name).getAll())))
  const writing = target.transaction(names, 'readwrite')
  for (const [index, name] of names.entries()) {
    const store = writing.objectStore(name)
    for (const row of rows[index] ?? []) store.put(row)
  }
  await new Promise<void>((resolve, reject) => {
    writing.addEventListener('complete', () => resolve())
    writing.addEventListener('abort', () => reject(new Error(`the copy of ${from} was aborted`)))
  })
  source.close()
  target.close()
}

function answerOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error ?? new Error('a request failed')))
  })
}
