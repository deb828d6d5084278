import type { Place } from '../../shared/place.ts'

/** A limit in its worker: the cheapest thing that stores records in one layout. */
export interface Limit {
  open(): Promise<void>
  sync(): Promise<void>
  count(): Promise<number>
  get(id: string): Promise<Place | undefined>
  mostPopulous(): Promise<readonly Place[]>
  put(places: readonly Place[]): Promise<void>
  push(): Promise<void>
}
