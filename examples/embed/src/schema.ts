import { collection, defineSchema } from 'web-sync/schema'

export interface Note {
  id: string
  text: string
  createdAtMs: number
}

export const schema = defineSchema({
  app: 'field-notes',
  version: 1,
  collections: { notes: collection<Note>(null, { indexes: { byTime: ['createdAtMs'] } }) },
})
