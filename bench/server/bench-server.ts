import type { Place } from '../shared/place.ts'

/** The server's side of a contestant, as the bench drives it. */
export interface BenchServer {
  /** Answers what the contestant's client asks, all of it below `/sync`. */
  fetch(request: Request): Promise<Response>
  /** Stores the first records. */
  seed(places: readonly Place[]): Promise<void>
  /** A change that others made, to be pulled. */
  change(places: readonly Place[]): Promise<void>
  /** What it has now; null: no such record. */
  read(ids: readonly string[]): Promise<(Place | null)[]>
  close(): Promise<void>
}
