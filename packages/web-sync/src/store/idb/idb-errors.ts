import { SyncError } from '../../contract/index.ts'

/** The cause of a failure that was none but time: nothing came back. */
export const NO_ANSWER = 'no answer'

/** The name of the cause where the log of the origin was not begun anew: it says nothing of the database that was to be written. */
export const NO_NEW_LOG = 'NoNewLog'

/** What a browser's database says of its own accord when our code is wrong, and {@link NO_NEW_LOG}: another database mends nothing. */
const BUGS: readonly unknown[] = [
  'ConstraintError',
  'DataCloneError',
  'ReadOnlyError',
  'TransactionInactiveError',
  NO_NEW_LOG,
]

/** True for a failure that another connection, or another database, may not have. Rows whose text does not parse are one. */
export function isBroken(error: unknown): boolean {
  if (!(error instanceof SyncError)) return error instanceof SyntaxError
  return (
    error.code === 'storage-failed' && !BUGS.includes((error.cause as { readonly name?: unknown } | undefined)?.name)
  )
}

/** True if the browser aborted a transaction and gave no reason. */
export function isUnexplainedAbort(error: unknown): boolean {
  return error instanceof SyncError && (error.cause as { readonly name?: unknown } | undefined)?.name === 'AbortError'
}

/** True if there is no room. */
export function isFull(error: unknown): boolean {
  return error instanceof SyncError && error.code === 'quota-exceeded'
}

/** Nothing came back in time. */
export function noAnswerError(): SyncError {
  return new SyncError('storage-failed', 'The browser’s database does not answer: reload the page.', {
    cause: NO_ANSWER,
  })
}

/** The browser has closed the connection, or it was given up. */
export function lostError(): SyncError {
  return new SyncError('storage-failed', 'The connection to the browser’s database was lost: reload the page.')
}

/** The database was made by a version of web-sync whose layout this one does not read. */
export function olderLayoutError(): SyncError {
  return new SyncError(
    'older-layout',
    'An earlier version of web-sync made this store, and this version does not read it. Nothing was changed: open it with that version and send what is unsent.',
  )
}

/** Another context does not close its connection: an older version of the app, or one that is frozen. */
export function blockedError(): SyncError {
  return new SyncError(
    'storage-blocked',
    'Another tab (one with an older version of the app, or one that stands still) holds the database: close it, then try again.',
  )
}

/** The browser lets this site store nothing: neither another connection nor another database would. */
export function forbiddenError(cause: unknown): SyncError {
  return new SyncError(
    'storage-forbidden',
    'The browser forbids this site to store data: allow it in the browser’s settings for this site, then reload. Nothing was stored.',
    { cause },
  )
}

/** Firefox says SecurityError, as do all browsers in a frame without an origin; Chromium says UnknownError, and only its text says why. */
function isForbidden(error: unknown): boolean {
  const { name, message } = (error ?? {}) as { readonly name?: unknown; readonly message?: unknown }
  return name === 'SecurityError' || (name === 'UnknownError' && /denied permission/i.test(String(message)))
}

/** What the browser's database reports, as our error; its own is kept as the cause. */
export function toSyncError(error: unknown): SyncError {
  if (error instanceof SyncError) return error
  if (isForbidden(error)) return forbiddenError(error)
  const name = (error as { readonly name?: unknown } | null)?.name
  if (name === 'QuotaExceededError') {
    return new SyncError('quota-exceeded', 'Storage is full. Free some space and try again. Nothing was stored.', {
      cause: error,
    })
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
