import { hashName, type SpaceStatus } from '../contract/index.ts'

/** A note outside the database that there is a store, and how many unsent writes it has: if the database does not know of it, it was evicted. */
export interface RememberedSync {
  /** Unsent writes; null: there is no note. */
  read(): number | null
  write(status: Pick<SpaceStatus, 'pending' | 'lastSyncAtMs'>): void
  forget(): void
}

/** Kept in localStorage, which browsers evict apart from databases, if at all; where there is none, nothing is remembered. */
export function rememberSync(account: string, space: string): RememberedSync {
  const key = `web-sync:synced:${hashName(JSON.stringify([account, space]))}`
  let written = ''
  return {
    read: () => {
      const text = attempt((storage) => storage.getItem(key))
      // Notes of earlier versions have the time alone.
      return text === null ? null : Number(text.split(' ')[1] ?? 0)
    },
    write: ({ pending, lastSyncAtMs }) => {
      const text = `${lastSyncAtMs ?? 0} ${pending}`
      // A store that nothing was ever in is no loss.
      if (text === written || text === '0 0') return
      written = text
      attempt((storage) => storage.setItem(key, text))
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
