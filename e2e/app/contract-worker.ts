import { openIdbStore, runStoreSuite } from 'web-sync/testing'
import type { SuiteResult } from './contract-page.ts'

let devices = 0

const { passed, failures }: SuiteResult = await runStoreSuite(() => {
  devices += 1
  // A device of its own: another account, and so another database.
  const account = `device ${devices}`
  return { open: (options, environment) => openIdbStore({ ...options, account }, environment) }
})

// In a worker; the library of pages knows another postMessage.
;(globalThis as unknown as { postMessage(message: unknown): void }).postMessage({ passed, failures })
