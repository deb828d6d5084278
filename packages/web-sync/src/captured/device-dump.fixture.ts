import { openDB } from 'idb'

/** A database of a device, as it lies in a text file. */
export interface DatabaseDump {
  readonly name: string
  readonly version: number
  readonly stores: Readonly<
    Record<string, { readonly keyPath: string | readonly string[]; readonly rows: readonly unknown[] }>
  >
}

/** Reads all databases through the platform, not through the code that is under test. */
export async function dumpDevice(): Promise<readonly DatabaseDump[]> {
  const dumps: DatabaseDump[] = []
  for (const { name = '', version = 0 } of await indexedDB.databases()) {
    const db = await openDB(name)
    const stores: Record<string, { keyPath: string | string[]; rows: unknown[] }> = {}
    for (const store of db.objectStoreNames) {
      const keyPath = db.transaction(store).store.keyPath as string | string[]
      stores[store] = { keyPath, rows: await db.getAll(store) }
    }
    db.close()
    dumps.push({ name, version, stores })
  }
  return dumps.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** Makes the databases of a dump. */
export async function loadDevice(dumps: readonly DatabaseDump[]): Promise<void> {
  for (const { name, version, stores } of dumps) {
    const db = await openDB(name, version, {
      upgrade: (made) => {
        for (const [store, { keyPath }] of Object.entries(stores)) {
          made.createObjectStore(store, { keyPath: typeof keyPath === 'string' ? keyPath : [...keyPath] })
        }
      },
    })
    for (const [store, { rows }] of Object.entries(stores)) {
      const tx = db.transaction(store, 'readwrite')
      await Promise.all([...rows.map((row) => tx.store.put(row)), tx.done])
    }
    db.close()
  }
}
