import { collection, defineSchema, type Schema } from 'sync-protocol'

const first = {
  notes: collection(null, { indexes: { byTopic: ['topic'] } }),
  visits: collection(null),
}

/** The first version of the app: two collections, so that a mutation can span them; marks merge (see Ledger). */
const oldSchema: Schema = defineSchema({ app: 'simulator', version: 1, collections: first })

/** The next one, with another collection and another index. The partner has this one from the beginning, as it should. */
export const newSchema: Schema = defineSchema({
  app: 'simulator',
  version: 2,
  collections: {
    notes: collection(null, { indexes: { byTopic: ['topic'], byLast: ['last'] } }),
    visits: collection(null),
    tags: collection(null),
  },
})

/** The schema of a version. */
export function schemaOf(version: 1 | 2): Schema {
  return version === 1 ? oldSchema : newSchema
}

/** Names of a version's collections. */
export function collectionsOf(version: 1 | 2): readonly string[] {
  return Object.keys(schemaOf(version).collections)
}

/** All collections. */
export const COLLECTIONS: readonly string[] = collectionsOf(2)
