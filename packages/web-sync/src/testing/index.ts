/**
 * For tests of an app (docs/testing-your-app.md): a partner, a network and a device without a server, a browser or Node.
 * Then the suites that any store must pass, and last the parts that a simulation is built from, which may change in any version.
 */
export type { Fetch } from '../transport/index.ts'
export type { FakeRefusal } from './fake-partner/apply-mutations.ts'
export { type FakeBackup, FakePartner, type FakePartnerOptions } from './fake-partner/fake-partner.ts'
export { HandClock } from './hand-clock.ts'
export { createPageGlobals, type PageGlobals } from './page-globals.ts'
export { type NetworkStep, type ScriptedFetch, scriptFetch, type ScriptOptions } from './scripted-fetch.ts'
export { until } from './until.ts'
export { createTestDevice, type TestDevice, type TestDeviceOptions } from './test-device.ts'

export { type MakeDevice, runStoreSuite, type StoreDevice, type TestApi, testStore } from './store-suite/index.ts'

export * from '../contract/index.ts'
export { type RunEvent, type RunResult, runSync, type SyncOptions, type SyncPorts } from '../engine/index.ts'
export { GroupedRows } from '../store/grouped/grouped-rows.ts'
export { PackedReader } from '../store/packed/packed-reader.ts'
export { createMemoryStore } from '../store/create-memory-store.ts'
export { createMemoryDatabase, type MemoryDatabase } from '../store/memory/memory-database.ts'
export { createFetchTransport } from '../transport/index.ts'
export type { IdbStoreEnvironment } from '../store/idb/open-idb-rows.ts'
export { openIdbDatabase } from '../store/idb/idb-database.ts'
export { openIdbStore } from '../store/open-idb-store.ts'
export { openDelivery } from '../store/open-delivery-store.ts'
export { toContext } from '../store/runner.ts'
export { type EmptyWhen, emptyRows, isNothing } from '../store/unsent-rows.ts'
