import type { Page } from '@playwright/test'

/**
 * True for a database that holds nothing and is gone some milliseconds after a context has opened
 * another one: docs/decisions/0015.
 */
export function isSpare(name: string): boolean {
  return name.startsWith('web-sync-spare')
}

/** Name of the database of the space that is open in a page. */
export async function nameDatabase(page: Page): Promise<string> {
  const names = await page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name ?? ''))
  const name = names.find((other) => !other.includes('registry') && !isSpare(other))
  if (name === undefined) throw new Error('the page has no database of ours')
  return name
}

/** Damages a store of rows behind the app's back: empties it, or makes each text in it unreadable. From a page of the same origin. */
export async function tamperWith(page: Page, database: string, store: string, how: 'clear' | 'garble'): Promise<void> {
  await page.evaluate(
    ([name, rowsName, change]) =>
      new Promise<void>((resolve, reject) => {
        const opening = indexedDB.open(name)
        opening.addEventListener('error', () => reject(opening.error))
        opening.onsuccess = () => {
          const db = opening.result
          const tx = db.transaction(rowsName, 'readwrite')
          const rows = tx.objectStore(rowsName)
          if (change === 'clear') rows.clear()
          else {
            const all = rows.getAll()
            all.onsuccess = () => {
              for (const row of all.result) rows.put({ ...row, keys: '[["' })
            }
          }
          tx.oncomplete = () => {
            db.close()
            resolve()
          }
          tx.addEventListener('abort', () => reject(tx.error))
        }
      }),
    [database, store, how] as const,
  )
}

/** Begins a transaction on all stores that does not end as long as the page lives; resolves when it has begun. */
export async function holdTransaction(page: Page, database: string): Promise<void> {
  await page.evaluate(
    (name) =>
      new Promise<void>((resolve, reject) => {
        const opening = indexedDB.open(name)
        opening.addEventListener('error', () => reject(opening.error))
        opening.onsuccess = () => {
          const db = opening.result
          const store = db.transaction([...db.objectStoreNames], 'readwrite').objectStore('meta')
          const hold = (): void => {
            store.get('nothing').onsuccess = () => {
              resolve()
              hold()
            }
          }
          hold()
        }
      }),
    database,
  )
}
