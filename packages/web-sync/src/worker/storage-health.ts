import type { StorageHealth } from '../contract/index.ts'

/** What the browser says of the device's storage; a browser that says nothing (WebKit's workers) gives nulls. Never rejects. */
export async function readStorageHealth(
  storage: Pick<StorageManager, 'estimate' | 'persisted'> | undefined,
  evictedAtMs: number | null,
): Promise<StorageHealth> {
  try {
    const persisted = (await storage?.persisted()) ?? null
    const estimate = await storage?.estimate()
    return { persisted, usage: estimate?.usage ?? null, quota: estimate?.quota ?? null, evictedAtMs }
  } catch {
    return { persisted: null, usage: null, quota: null, evictedAtMs }
  }
}
