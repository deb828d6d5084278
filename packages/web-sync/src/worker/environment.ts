import type { Clock, Lock, OpenRequest, Random, Store, StoreId, StoreListeners, StoreOwner } from '../contract/index.ts'
import type { EmptyWhen } from '../store/empty-rows.ts'
import type { Fetch } from '../transport/index.ts'

/** An open store and the name of its database, for lock and notices. */
export interface OpenedStore {
  readonly store: Store
  readonly dbName: string
}

/** What the worker takes from its browser; made in one place, worker.ts. */
export interface WorkerEnvironment {
  /** Opens (or makes) the store that the request names, and enters it into the registry that the service worker reads. */
  openStore(request: OpenRequest, listeners: StoreListeners): Promise<OpenedStore>
  /** Removes the store's database and its entry in the registry. Open stores of it stand aside. */
  removeStore(id: StoreId): Promise<void>
  /** Name of a store's database: of its channel and lock, too. */
  nameStore(id: StoreId): string
  /** The spaces of which this device has stores, as far as the registry knows. */
  listSpaces(owner: StoreOwner): Promise<readonly string[]>
  /** The service worker leaves the store alone until a page opens it again. */
  retireStore(id: StoreId): Promise<void>
  /** See {@link emptyRows}; 0 if there is no such store. Others that have it open are told to close if it was emptied. */
  emptyStore(id: StoreId, when: EmptyWhen): Promise<number>
  readonly fetch: Fetch
  readonly lock: Lock
  readonly clock: Clock
  readonly random: Random
  /** undefined where the browser has none in workers. */
  readonly storage: Pick<StorageManager, 'estimate' | 'persisted'> | undefined
}
