import { collection, defineSchema } from 'web-sync/schema'
import type { Place } from './place.ts'

/** What web-sync is measured with: two indexes, as an app would have for lists by size and by name. */
export const schema = defineSchema({
  app: 'bench',
  version: 1,
  collections: { places: collection<Place>(null, { indexes: { byPopulation: ['population'], byName: ['name'] } }) },
})

/** The one space of the bench. */
export const SPACE = 'bench'
