import type { Patch } from './planted-bug.ts'

const ENGINE = 'web-sync-server/src/engine'

/** Without the engine's own check of the log rows, so that a hole is a page and not a refusal. */
export const UNCHECKED_LOG: Patch = {
  file: `${ENGINE}/read-rows.ts`,
  find: 'if (number !== last + 1) throw',
  replace: 'if (number < last) throw',
}

/** A snapshot page that has no room for the last record of a collection is taken for the collection's end. */
export const PAGE_THAT_ENDS_WITH_ITS_COLLECTION: readonly Patch[] = [
  {
    file: `${ENGINE}/next-page.ts`,
    find: 'if (isSettled && sent < total) throw',
    replace: 'if (isSettled && sent < 0) throw',
  },
  {
    file: `${ENGINE}/next-page.ts`,
    find: 'if (!room.add([encodeRecord(row)])) return { lastId }',
    replace: 'if (!room.add([encodeRecord(row)])) return row === rows.at(-1) ? { complete: true } : { lastId }',
  },
]
