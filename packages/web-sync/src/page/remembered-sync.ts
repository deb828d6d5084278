import { formerIds, hashStoreId, type OpenRequest, type SpaceStatus, type StoreId } from '../contract/index.ts'

/** A note outside the database that there is a store, and what it has: if the database does not know of it, that was lost. */
export interface RememberedSync {
  /** As in {@link OpenRequest.remembered}. */
  read(): OpenRequest['remembered']
  write(status: Pick<SpaceStatus, 'pending' | 'lastSyncAtMs' | 'written' | 'storage'>): void
  forget(): void
}

/** Kept in localStorage, which browsers evict apart from databases, if at all; where there is none, nothing is remembered. */
export function rememberSync(id: StoreId): RememberedSync {
  const key = nameNote(id)
  /** Of former addresses: what they say holds until there is one of this. */
  const formerKeys = formerIds(id).map(nameNote)
  let noted: string | undefined
  const forget = (): void => void attempt((storage) => [key, ...formerKeys].map((each) => storage.removeItem(each)))
  return {
    read: () =>
      attempt((storage) => {
        const former = formerKeys.map((each) => storage.getItem(each)).find((text) => text !== null)
        return storage.getItem(key) ?? former ?? null
      }),
    write: ({ pending, lastSyncAtMs, written, storage }) => {
      const text = `${lastSyncAtMs ?? 0} ${pending} ${written} ${storage.madeAtMs}`
      if (text === noted) return
      noted = text
      // Never up to date, and nothing unsent: a store that nothing is in is no loss, and what it lacks was told.
      if ((lastSyncAtMs ?? pending) === 0) return forget()
      attempt((local) => local.setItem(key, text))
      // What a former address had is here.
      for (const former of formerKeys) attempt((local) => local.removeItem(former))
    },
    forget,
  }
}

function nameNote(id: StoreId): string {
  return `web-sync:synced:${hashStoreId(id)}`
}

function attempt<T>(work: (storage: Storage) => T): T | null {
  try {
    return work(localStorage)
  } catch {
    return null
  }
}
