import { type StoreOptions, SyncError } from '../contract/index.ts'
import { ChangeLog, type StoreContext, type StoreEnvironment } from './context.ts'
import type { RowDatabase, RowReader, RowWriter } from './row-database.ts'

/** Runs a store's transactions: reads, and writes that are followed by a notice. */
export interface Runner {
  read<T>(work: (tx: RowReader) => Promise<T>): Promise<T>
  write<T>(durability: 'strict' | 'relaxed', work: (tx: RowWriter, log: ChangeLog) => Promise<T>): Promise<T>
}

/** What a store is made with: the options it is opened with become a context. */
export function toContext(options: StoreOptions, environment: StoreEnvironment): StoreContext {
  const { account, space, schema } = options
  return {
    account,
    space,
    schema,
    nowMs: () => environment.nowMs(),
    randomId: () => environment.randomId(),
  }
}

/** A runner over opened rows. */
export function createRunner(database: RowDatabase, onNotice: StoreOptions['onNotice']): Runner {
  return {
    read: (work) => database.read(work),
    async write(durability, work) {
      const log = new ChangeLog()
      const result = await database.write(durability, (tx) => work(tx, log))
      const notice = log.build()
      if (notice !== null) onNotice(notice)
      return result
    },
  }
}

/** The error of every use after `close`. */
export function closedError(): SyncError {
  return new SyncError('closed', 'The space was closed or wiped: open it again.')
}
