import { collection, defineSchema, type Schema } from 'web-sync-protocol'

/** The app under load: one collection of small notes. */
export const schema: Schema = defineSchema({ app: 'load', version: 1, collections: { notes: collection(null) } })

/** Header that names the account: who asks is not what is measured. */
export const ACCOUNT_HEADER = 'x-account'
