import type { Place } from './place.ts'

/** Replicache's indexes order strings only: the population as a text that sorts downwards. */
export interface SortedPlace extends Place {
  readonly sort: string
}

/** More than any population. */
const ABOVE_ALL = 99_999_999_999

/** A place as Replicache's client stores it. */
export function toSorted(place: Place): SortedPlace {
  return { ...place, sort: String(ABOVE_ALL - place.population).padStart(11, '0') }
}
