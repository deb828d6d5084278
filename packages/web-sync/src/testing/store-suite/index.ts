import { Bench, type MakeDevice, type StoreTest } from './device.ts'
import { OPEN_TESTS } from './open-tests.ts'
import { OUTBOX_TESTS } from './outbox-tests.ts'
import { PAGE_TESTS } from './page-tests.ts'
import { QUERY_TESTS } from './query-tests.ts'
import { RESYNC_TESTS } from './resync-tests.ts'
import { ROLLBACK_TESTS } from './rollback-tests.ts'
import { WRITE_TESTS } from './write-tests.ts'

export { Bench, type MakeDevice, type StoreDevice, note, notesOf, sendable } from './device.ts'
export { Feed } from './feed.ts'

/** What every store promises; the contract of the ports SyncStore and RecordStore in words. */
const STORE_TESTS: readonly StoreTest[] = [
  ...WRITE_TESTS,
  ...PAGE_TESTS,
  ...ROLLBACK_TESTS,
  ...RESYNC_TESTS,
  ...OUTBOX_TESTS,
  ...QUERY_TESTS,
  ...OPEN_TESTS,
]

/** The part of a test framework that is needed to register tests. */
export interface TestApi {
  describe(name: string, body: () => void): void
  it(name: string, body: () => Promise<void>): void
}

/** Registers the suite for a store with a test framework. */
export function testStore(name: string, makeDevice: MakeDevice, api: TestApi): void {
  api.describe(name, () => {
    for (const test of STORE_TESTS) api.it(test.name, () => test.run(new Bench(makeDevice())))
  })
}

/** Runs the suite without a framework: inside a page of a real browser. */
export async function runStoreSuite(makeDevice: MakeDevice): Promise<{ passed: number; failures: string[] }> {
  const failures: string[] = []
  for (const test of STORE_TESTS) {
    try {
      await test.run(new Bench(makeDevice()))
    } catch (error) {
      failures.push(`${test.name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
    }
  }
  return { passed: STORE_TESTS.length - failures.length, failures }
}
