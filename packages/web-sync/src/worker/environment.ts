import type {
  Clock,
  Lock,
  OpenRequest,
  Random,
  Store,
  StoreId,
  StoreListeners,
  StoreOwner,
  UnsentRows,
} from '../contract/index.ts'
import type { RemovedStore } from '../store/remove-store.ts'
import type { EmptyWhen } from '../store/unsent-rows.ts'
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
  /** What would be lost with a store; nothing if there is none. */
  countUnsent(id: StoreId): Promise<UnsentRows>
  /**
   * Removes a store and its entry in the registry; open stores of it, in any context, answer 'closed'. `if-sent`: only if it is certain
   * that nothing is lost with it. `onRemoving` is called when it is certain that something is removed.
   */
  removeStore(id: StoreId, when: EmptyWhen, onRemoving: () => Promise<void>): Promise<RemovedStore>
  /** Name of a store's database: of its channel and lock, too. */
  nameStore(id: StoreId): string
  /** The spaces of which this device has stores. */
  listSpaces(owner: StoreOwner): Promise<readonly string[]>
  /** The service worker leaves the store alone until a page opens it again. */
  retireStore(id: StoreId): Promise<void>
  readonly fetch: Fetch
  readonly lock: Lock
  readonly clock: Clock
  readonly random: Random
  /** undefined where the browser has none in workers. */
  readonly storage: Pick<StorageManager, 'estimate' | 'persisted'> | undefined
}
