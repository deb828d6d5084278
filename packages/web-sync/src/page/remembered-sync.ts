import { hashStoreId, type OpenRequest, type SpaceStatus, type StoreId } from '../contract/index.ts'

/** A note outside the database that there is a store, and what it has: if the database does not know of it, that was lost. */
export interface RememberedSync {
  /** As in {@link OpenRequest.remembered}. */
  read(): OpenRequest['remembered']
  write(status: Pick<SpaceStatus, 'pending' | 'lastSyncAtMs' | 'written' | 'storage'>): void
  forget(): void
}

/** Kept in localStorage, which browsers evict apart from databases, if at all; where there is none, nothing is remembered. */
export function rememberSync(id: StoreId): RememberedSync {
  const key = `web-sync:synced:${hashStoreId(id)}`
  let noted: string | undefined
  const forget = (): void => void attempt((storage) => storage.removeItem(key))
  return {
    read: () => attempt((storage) => storage.getItem(key)),
    write: ({ pending, lastSyncAtMs, written, storage }) => {
      const text = `${lastSyncAtMs ?? 0} ${pending} ${written} ${storage.madeAtMs}`
      if (text === noted) return
      noted = text
      // Never up to date, and nothing unsent: a store that nothing is in is no loss, and what it lacks was told.
      if ((lastSyncAtMs ?? pending) === 0) forget()
      else attempt((local) => local.setItem(key, text))
    },
    forget,
  }
}

function attempt<T>(work: (storage: Storage) => T): T | null {
  try {
    return work(localStorage)
  } catch {
    return null
  }
}
