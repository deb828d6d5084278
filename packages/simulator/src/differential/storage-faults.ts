import type { Patch } from '../planted/planted-bug.ts'
import { PAGE_THAT_ENDS_WITH_ITS_COLLECTION, UNCHECKED_LOG } from '../planted/shared-patches.ts'

/** A fault of a storage or of a page, as a change of our sources, that the comparison of storages must find. */
export interface StorageFault {
  readonly name: string
  readonly patches: readonly Patch[]
}

const ENGINE = 'web-sync-server/src/engine'
const STORAGE = 'web-sync-server/src/storage'

/** What the differential lane must find. */
export const STORAGE_FAULTS: readonly StorageFault[] = [
  {
    name: 'read-ahead-judged-by-its-size',
    patches: [
      UNCHECKED_LOG,
      {
        file: `${STORAGE}/postgres/log-stretch.ts`,
        find: 'return end < 0 ? rows : rows.slice(0, end)',
        replace: 'return end < 0 ? rows : rows.slice()',
      },
    ],
  },
  {
    name: 'other-collections-left-out-before-the-check',
    patches: [
      {
        file: `${STORAGE}/postgres/postgres-reader.ts`,
        find: 'number > $2 AND number <= $3 ORDER BY',
        replace: 'number > $2 AND number <= $3 AND ($6::text[] IS NULL OR collection = ANY ($6)) ORDER BY',
      },
    ],
  },
  {
    name: 'row-that-is-too-large-is-passed-over',
    patches: [
      {
        file: `${STORAGE}/sqlite/sqlite-reader.ts`,
        find: 'if (rows.length > 0 && bytes > maxBytes) break',
        replace: "if (rows.length > 0 && bytes > maxBytes && (bytes -= (row['bytes'] ?? 0) as number) >= 0) continue",
      },
    ],
  },
  {
    name: 'ids-in-another-order',
    patches: [
      {
        file: `${STORAGE}/memory-records.ts`,
        find: '[...this.#byId.keys()].toSorted(compareBytes)',
        replace: '[...this.#byId.keys()].toSorted()',
      },
    ],
  },
  {
    name: 'short-answer-taken-for-the-end',
    patches: [
      {
        file: `${ENGINE}/next-page.ts`,
        find: '    if (rows.length === 0) return { complete: true }',
        replace:
          '    if (rows.length < bound.rows && (lastId = rows.at(-1)?.id ?? lastId) !== undefined) return { complete: true }',
      },
    ],
  },
  {
    name: 'head-remembered-by-each-process',
    patches: [
      {
        file: `${STORAGE}/postgres/postgres-transaction.ts`,
        find: '/** Reads and writes one space. What was foreseen',
        replace:
          'const KEPT = new WeakMap<Announcer, Map<string, SpaceRow>>()\n\n/** Reads and writes one space. What was foreseen',
      },
      {
        file: `${STORAGE}/postgres/postgres-transaction.ts`,
        find: '  async announce(partnershipId',
        replace:
          '  override async getSpace(): Promise<SpaceRow> {\n    return KEPT.get(this.#announcer)?.get(this.space) ?? super.getSpace()\n  }\n\n  async announce(partnershipId',
      },
      {
        file: `${STORAGE}/postgres/postgres-transaction.ts`,
        find: '    this.head = { ...space, head, digest }\n',
        replace:
          '    this.head = { ...space, head, digest }\n    KEPT.set(this.#announcer, (KEPT.get(this.#announcer) ?? new Map()).set(this.space, this.head))\n',
      },
    ],
  },
  {
    name: 'confirmed-outcomes-leave-nothing-behind',
    patches: [
      {
        file: `${STORAGE}/sqlite/sqlite-transaction.ts`,
        find: 'return [...confirmed, ...remove(',
        replace: 'return [...confirmed.slice(0, 0), ...remove(',
      },
    ],
  },
  {
    name: 'page-that-ends-with-its-collection-taken-for-its-end',
    patches: PAGE_THAT_ENDS_WITH_ITS_COLLECTION,
  },
]
