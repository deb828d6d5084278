import type { Clock, DeliveryStore, Lock, Random, StoreNotice } from '../contract/index.ts'
import type { SchemaShape } from 'sync-protocol'
import type { Fetch } from '../transport/index.ts'

/** A space of this device, as the registry knows it. */
export interface RegisteredSpace {
  readonly account: string
  readonly space: string
  readonly endpoint: string | null
  readonly credentials: 'same-origin' | 'include'
  /** True if the page signs by `getAuth`: cookies alone would not do. */
  readonly usesAuth: boolean
}

/** What the service worker takes from its browser; made anew for each event, because nothing may live between two. */
export interface ServiceWorkerEnvironment {
  /** All spaces of this device. */
  listSpaces(): Promise<readonly RegisteredSpace[]>
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
