import type { Clock, Lock, OpenRequest, Random, Store, StoreNotice } from '../contract/index.ts'
import type { Fetch } from '../transport/index.ts'

/** An open store and the name of its database, for lock and notices. */
export interface OpenedStore {
  readonly store: Store
  readonly dbName: string
}

/** What the worker takes from its browser; made in one place, worker.ts. */
export interface WorkerEnvironment {
  /** Opens (or makes) the store of an account and space, and enters it into the registry that the service worker reads. */
  openStore(request: OpenRequest, onNotice: (notice: StoreNotice) => void): Promise<OpenedStore>
  /** Removes the store's database and its entry in the registry. The store is closed already. */
  removeStore(account: string, space: string): Promise<void>
  readonly fetch: Fetch
  readonly lock: Lock
  readonly clock: Clock
  readonly random: Random
  /** undefined where the browser has none in workers. */
  readonly storage: Pick<StorageManager, 'estimate' | 'persisted'> | undefined
}
