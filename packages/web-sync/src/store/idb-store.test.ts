import 'fake-indexeddb/auto'
import { describe, it } from 'vitest'
import { type StoreDevice, testStore } from '../testing/store-suite/index.ts'
import { openIdbStore } from './open-idb-store.ts'

let devices = 0

/** A device of its own: another account, and so another database. */
function makeDevice(): StoreDevice {
  devices += 1
  const account = `device ${devices}`
  return { open: (options, environment) => openIdbStore({ ...options, account }, environment) }
}

testStore('the store in IndexedDB', makeDevice, { describe, it })
