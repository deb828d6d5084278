import { SyncError } from '../../contract/index.ts'

/** What the browser's database reports, as our error; its own is kept as the cause. */
export function toSyncError(error: unknown): SyncError {
  if (error instanceof SyncError) return error
  const name = (error as { readonly name?: unknown } | null)?.name
  if (name === 'QuotaExceededError') {
    return new SyncError(
      'quota-exceeded',
      'The device has no room for this: free some, then do it again. Nothing was stored.',
      { cause: error },
    )
  }
  if (name === 'VersionError') {
    return new SyncError(
      'newer-schema',
      'A newer version of the app has opened this store: reload to get it. Nothing was changed.',
      { cause: error },
    )
  }
  return new SyncError('storage-failed', 'The browser’s database failed: reload the page. Nothing was stored.', {
    cause: error,
  })
}
