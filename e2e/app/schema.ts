import { collection, defineSchema, type StandardSchema } from 'web-sync/schema'

/** What somebody wrote. */
export interface Note {
  readonly id: string
  readonly text: string
  readonly by?: string
  readonly done?: boolean
}

/** A record of the big shared collection. */
export interface Place {
  readonly id: string
  readonly name: string
  readonly population: number
}

/** Longest text of a note that the schema allows, in UTF-16 units. */
const MAX_TEXT = 100_000

/** A note with this word is refused by the partner's rule, and by it alone. */
export const REFUSED_WORD = 'forbidden'

/** Hand-written, so that the test app needs no validation library. */
const note: StandardSchema<Note> = {
  '~standard': {
    version: 1,
    vendor: 'e2e',
    validate: (value) => {
      const text = (value as Partial<Note>).text
      if (typeof text === 'string' && text.length <= MAX_TEXT) return { value: value as Note }
      return { issues: [{ message: `must be a string of at most ${MAX_TEXT} units`, path: ['text'] }] }
    },
  },
}

/** The schema of the test app: shared by page, worker, service worker and server. */
export const schema = defineSchema({
  app: 'e2e',
  version: 1,
  collections: {
    notes: collection<Note>(note),
    places: collection<Place>(null, { indexes: { byPopulation: ['population'] } }),
  },
})

/** The schema of the app's next version. */
export const nextSchema = defineSchema({
  app: 'e2e',
  version: 2,
  collections: { ...schema.collections, tags: collection<{ readonly id: string }>(null) },
})

/** A note of the version after the next: its text is called body. */
export interface GrownNote {
  readonly id: string
  readonly body: string
  readonly done: boolean
}

/** The schema of that version: a field renamed, a default, a new index, a new collection. */
export const grownSchema = defineSchema({
  app: 'e2e',
  version: 3,
  collections: {
    notes: collection<GrownNote>(null, {
      renamed: { text: 'body' },
      defaults: { done: false },
      indexes: { byBody: ['body'] },
    }),
    places: collection<Place>(null, { indexes: { byPopulation: ['population'], byName: ['name'] } }),
    tags: collection<{ readonly id: string }>(null),
  },
})
