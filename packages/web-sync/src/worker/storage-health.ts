import type { StorageHealth } from '../contract/index.ts'

/** What the browser knows of {@link StorageHealth}; the rest the store says. */
export type BrowserStorage = Pick<StorageHealth, 'persisted' | 'usage' | 'quota' | 'isLow'>

/** Nothing is known. */
export const UNKNOWN_STORAGE: BrowserStorage = { persisted: null, usage: null, quota: null, isLow: null }

/** Less than this part of the quota left is low. */
const LOW = 0.1

/** What the browser says of the device's storage; a browser that says nothing (WebKit's workers) gives nulls. Never rejects. */
export async function readStorageHealth(
  storage: Pick<StorageManager, 'estimate' | 'persisted'> | undefined,
): Promise<BrowserStorage> {
  try {
    const persisted = (await storage?.persisted()) ?? null
    const { usage = null, quota = null } = (await storage?.estimate()) ?? {}
    const isLow = usage === null || quota === null ? null : quota - usage < quota * LOW
    return { persisted, usage, quota, isLow }
  } catch {
    return UNKNOWN_STORAGE
  }
}
