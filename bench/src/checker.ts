import type { Place } from '../shared/place.ts'
import { isSamePlace } from '../shared/place.ts'

/** Records that are compared field by field after a workload on many. */
const LOOKED_AT = 20

/** Evenly spread places, another set for each session. */
export function pickPlaces(places: readonly Place[], session: number): Place[] {
  const step = Math.max(1, Math.floor(places.length / LOOKED_AT))
  return places.filter((_, index) => index % step === session % step).slice(0, LOOKED_AT)
}

/** Null if each found record equals the expected one; else what differs first. */
export function compareAll(expected: readonly Place[], found: readonly (Place | null | undefined)[]): string | null {
  const index = expected.findIndex((place, at) => !isSamePlace(place, found[at] ?? undefined))
  if (index === -1) return null
  return `${expected[index]?.id} is ${JSON.stringify(found[index])}, not ${JSON.stringify(expected[index])}`
}

/** Null if the counts are equal. */
export function compareCount(expected: number, found: number): string | null {
  return expected === found ? null : `${found} records, not ${expected}`
}

/**
 * Null if the query's answer is right. Places of equal population may stand in any order, also at the end, so populations are compared
 * in order and each record with its source.
 */
export function compareQuery(
  expected: readonly Place[],
  found: readonly Place[],
  placeById: ReadonlyMap<string, Place>,
): string | null {
  if (populations(expected) !== populations(found)) return `the query's answer is ${populations(found).slice(0, 200)}`
  const wrong = found.find((place) => {
    const source = placeById.get(place.id)
    return source === undefined || !isSamePlace(source, place)
  })
  return wrong === undefined ? null : `the query found ${JSON.stringify(wrong)}`
}

function populations(places: readonly Place[]): string {
  return places.map(({ population }) => population).join(' ')
}
