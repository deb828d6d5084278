/** What can be measured of a contestant. `first-sync`: W1 and W7 only. */
type Scope = 'all' | 'first-sync'

/** Which protocol its server speaks. */
export type ServerKind = 'ours' | 'pages' | 'pouchdb' | 'replicache' | 'yjs'

/** What the runner knows of a contestant beforehand. */
export interface ContestantFacts {
  readonly server: ServerKind
  readonly scope: Scope
  /** Rough seconds of a whole session for each 100,000 records, for the plan that is printed first. */
  readonly secondsPer100k: number
  /** More records than this are not asked of it: it keeps all in memory, or nobody would wait. */
  readonly maxRecords: number
  /** False: its promise of a single write is answered from memory, so its W3 stands in brackets. */
  readonly promisesStorage: boolean
}

/** All contestants in the order in which they run; the limits are not libraries but what IndexedDB and JSON cost by themselves. */
export const CONTESTANTS = {
  ours: { server: 'ours', scope: 'all', secondsPer100k: 60, maxRecords: Infinity, promisesStorage: true },
  rows: { server: 'pages', scope: 'all', secondsPer100k: 35, maxRecords: Infinity, promisesStorage: true },
  'rows-index': { server: 'pages', scope: 'all', secondsPer100k: 35, maxRecords: Infinity, promisesStorage: true },
  packed: { server: 'pages', scope: 'all', secondsPer100k: 12, maxRecords: Infinity, promisesStorage: true },
  fetch: { server: 'pages', scope: 'first-sync', secondsPer100k: 6, maxRecords: Infinity, promisesStorage: true },
  dexie: { server: 'pages', scope: 'all', secondsPer100k: 40, maxRecords: Infinity, promisesStorage: true },
  yjs: { server: 'yjs', scope: 'all', secondsPer100k: 30, maxRecords: 300_000, promisesStorage: false },
  replicache: { server: 'replicache', scope: 'all', secondsPer100k: 45, maxRecords: 100_000, promisesStorage: false },
  tinybase: { server: 'pages', scope: 'all', secondsPer100k: 200, maxRecords: 10_000, promisesStorage: true },
  pouchdb: { server: 'pouchdb', scope: 'all', secondsPer100k: 110, maxRecords: 100_000, promisesStorage: true },
  rxdb: { server: 'pages', scope: 'all', secondsPer100k: 170, maxRecords: 100_000, promisesStorage: true },
} as const satisfies Record<string, ContestantFacts>

/** Name of a contestant. */
export type ContestantName = keyof typeof CONTESTANTS

/** True for a name in {@link CONTESTANTS}. */
export function isContestant(name: string): name is ContestantName {
  return Object.hasOwn(CONTESTANTS, name)
}
