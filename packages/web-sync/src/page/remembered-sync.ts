import { hashName } from '../contract/index.ts'

/** A note outside the database that there was a sync: if the database does not know of it, it was evicted. */
export interface RememberedSync {
  read(): number | null
  /** null changes nothing. */
  write(atMs: number | null): void
  forget(): void
}

/** Kept in localStorage, which browsers evict apart from databases; where there is none, nothing is remembered. */
export function rememberSync(account: string, space: string): RememberedSync {
  const key = `web-sync:synced:${hashName(JSON.stringify([account, space]))}`
  let written: number | null = null
  return {
    read: () => Number(attempt((storage) => storage.getItem(key))) || null,
    write: (atMs) => {
      if (atMs === null || atMs === written) return
      written = atMs
      attempt((storage) => storage.setItem(key, String(atMs)))
    },
    forget: () => void attempt((storage) => storage.removeItem(key)),
  }
}

function attempt<T>(work: (storage: Storage) => T): T | null {
  try {
    return work(localStorage)
  } catch {
    return null
  }
}
