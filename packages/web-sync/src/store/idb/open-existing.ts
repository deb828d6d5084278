import { type IDBPDatabase, openDB } from 'idb'

/** Opens a database whatever its layout; rejects where it is not there: opening does not make it. It stands aside for who deletes it. */
export function openExisting(name: string): Promise<IDBPDatabase> {
  return openDB(name, undefined, {
    upgrade: (_db, _from, _to, tx) => {
      tx.done.catch(() => undefined)
      tx.abort()
    },
    blocking: (_from, _to, event) => (event.target as IDBDatabase).close(),
  })
}
