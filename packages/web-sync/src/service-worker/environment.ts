import type { Clock, DeliveryStore, Lock, Random, StoreId, StoreNotice } from '../contract/index.ts'
import type { SchemaShape } from 'web-sync-protocol'
import type { Fetch } from '../transport/index.ts'

/** A space of this device, as the registry knows it. */
export interface RegisteredSpace extends StoreId {
  readonly credentials: 'same-origin' | 'include'
  /** True if the page signs by `getAuth`: cookies alone would not do. */
  readonly usesAuth: boolean
}

/** What the service worker takes from its browser; made anew for each event, because nothing may live between two. */
export interface ServiceWorkerEnvironment {
  /** The spaces of this app with this partner on this device, those of accounts that have signed out left out. */
  listSpaces(app: string, endpoint: string): Promise<readonly RegisteredSpace[]>
  openStore(
    space: RegisteredSpace,
    schema: SchemaShape,
    onNotice: (notice: StoreNotice) => void,
  ): Promise<{ readonly store: DeliveryStore; readonly dbName: string }>
  readonly fetch: Fetch
  readonly lock: Lock
  readonly clock: Clock
  readonly random: Random
}
