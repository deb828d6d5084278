import { collection, defineSchema, type Schema } from 'sync-protocol'

/** Two collections, so that a mutation can span them; marks merge (see Ledger). */
export const schema: Schema = defineSchema({
  version: 1,
  collections: {
    notes: collection(null, { indexes: { byTopic: ['topic'] } }),
    visits: collection(null),
  },
})

/** Their names. */
export const COLLECTIONS = ['notes', 'visits'] as const
