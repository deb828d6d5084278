/** Fakes and contract suites, and the parts that a simulation is built from. */
export * from '../contract/index.ts'
export { type RunEvent, type RunResult, runSync, type SyncOptions, type SyncPorts } from '../engine/index.ts'
export { createMemoryStore } from '../store/create-memory-store.ts'
export { createMemoryDatabase, type MemoryDatabase } from '../store/memory/memory-database.ts'
export { createFetchTransport } from '../transport/index.ts'
export type { IdbStoreEnvironment } from '../store/idb/open-idb-rows.ts'
export { openIdbStore } from '../store/open-idb-store.ts'
export { type MakeDevice, runStoreSuite, type StoreDevice, type TestApi, testStore } from './store-suite/index.ts'
