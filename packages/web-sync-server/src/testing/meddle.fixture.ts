import type { Foresight, LogRow, PartnerStorage, RecordRow, StorageTransaction } from '../index.ts'

/** Something to wait for, and what ends the wait. */
export interface Gate {
  readonly promise: Promise<void>
  readonly open: () => void
}

/** A gate that is closed: who waits at it goes on once it is opened. */
export function makeGate(): Gate {
  const opened = new AbortController()
  const promise = new Promise<void>((resolve) => {
    opened.signal.addEventListener('abort', () => resolve())
  })
  return { promise, open: () => opened.abort() }
}

/** A storage whose every reading of records is preceded by what `meddle` does. */
export function meddledWith(storage: PartnerStorage, meddle: () => Promise<void>): PartnerStorage {
  const meddled = (tx: StorageTransaction): StorageTransaction =>
    replaced(tx, 'listRecords', async (...args: Parameters<StorageTransaction['listRecords']>) => {
      await meddle()
      return tx.listRecords(...args)
    })
  return replaced(
    storage,
    'transaction',
    <T>(space: string, work: (tx: StorageTransaction) => Promise<T>, foresight?: Foresight) =>
      storage.transaction(space, (tx) => work(meddled(tx)), foresight),
  )
}

/** What is done to rows on their way to the engine. */
export interface RowFilters {
  readonly log?: (rows: readonly LogRow[]) => readonly LogRow[]
  readonly records?: (rows: readonly RecordRow[]) => readonly RecordRow[]
}

/** A storage whose log and records are seen through filters, in transactions. */
export function readingWith(storage: PartnerStorage, { log, records }: RowFilters): PartnerStorage {
  const filtered = (tx: StorageTransaction): StorageTransaction => {
    const withLog = replaced(tx, 'listLog', async (...args: Parameters<StorageTransaction['listLog']>) => {
      const rows = await tx.listLog(...args)
      return log === undefined ? rows : log(rows)
    })
    return replaced(withLog, 'listRecords', async (...args: Parameters<StorageTransaction['listRecords']>) => {
      const rows = await tx.listRecords(...args)
      return records === undefined ? rows : records(rows)
    })
  }
  return replaced(
    storage,
    'transaction',
    <T>(space: string, work: (tx: StorageTransaction) => Promise<T>, foresight?: Foresight) =>
      storage.transaction(space, (tx) => work(filtered(tx)), foresight),
  )
}

/** The object with one method replaced; the others stay bound to it. */
function replaced<T extends object>(target: T, method: keyof T, by: unknown): T {
  return new Proxy(target, {
    get(object, name) {
      const value: unknown = name === method ? by : Reflect.get(object, name)
      return typeof value === 'function' ? (value as () => unknown).bind(object) : value
    },
  })
}
