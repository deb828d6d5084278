import type { Place } from '../shared/place.ts'

/** What every contestant can do. Each promise resolves when what it names is true by the library's own word; the runner checks it. */
export interface Contestant {
  /** Opens what is stored on the device. */
  open(): Promise<void>
  /** Everything that the server has is stored and can be asked for. */
  firstSync(): Promise<void>
  count(): Promise<number>
  get(id: string): Promise<Place | undefined>
  /** The places with the greatest population, by an index if there is one. */
  mostPopulous(): Promise<readonly Place[]>
  /** Resolves when the write is stored. */
  putOne(place: Place): Promise<void>
  /** Several at once by the best means that the library has. */
  putMany(places: readonly Place[]): Promise<void>
  /** Sends all own writes; resolves when the server has accepted them. */
  push(): Promise<void>
  /** Fetches what the server has changed; resolves when it is stored. */
  pull(): Promise<void>
  /** Follows {@link Contestant.mostPopulous}; resolves with the first result shown. */
  watch(heed: (places: readonly Place[]) => void): Promise<void>
}

/** Makes the contestant of a module. Nothing is opened yet. */
export type CreateContestant = () => Contestant
