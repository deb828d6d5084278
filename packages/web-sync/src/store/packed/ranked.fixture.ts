import type { SchemaShape } from 'web-sync-protocol'

/** Notes with an index by `rank`. */
export const RANKED: SchemaShape = {
  app: 'test',
  version: 1,
  collections: [{ name: 'notes', indexes: { byRank: ['rank'] }, putsTravelAsPatch: true }],
}
