import type { Clock, Lock, OpenRequest, Random, Store, StoreListeners } from '../contract/index.ts'
import type { EmptyWhen } from '../store/empty-rows.ts'
import type { Fetch } from '../transport/index.ts'

/** An open store and the name of its database, for lock and notices. */
export interface OpenedStore {
  readonly store: Store
  readonly dbName: string
}

/** What the worker takes from its browser; made in one place, worker.ts. */
export interface WorkerEnvironment {
  /** Opens (or makes) the store of an account and space, and enters it into the registry that the service worker reads. */
  openStore(request: OpenRequest, listeners: StoreListeners): Promise<OpenedStore>
  /** Removes the store's database and its entry in the registry. Open stores of it stand aside. */
  removeStore(account: string, space: string): Promise<void>
  /** Name of a store's database: of its channel and lock, too. */
  nameStore(account: string, space: string): Promise<string>
  /** The account's spaces on this device, as far as the registry knows. */
  listSpaces(account: string): Promise<readonly string[]>
  /** The service worker leaves the store alone until a page opens it again. */
  retireStore(account: string, space: string): Promise<void>
  /** See {@link emptyRows}; 0 if there is no such store. Others that have it open are told to close if it was emptied. */
  emptyStore(account: string, space: string, when: EmptyWhen): Promise<number>
  readonly fetch: Fetch
  readonly lock: Lock
  readonly clock: Clock
  readonly random: Random
  /** undefined where the browser has none in workers. */
  readonly storage: Pick<StorageManager, 'estimate' | 'persisted'> | undefined
}
