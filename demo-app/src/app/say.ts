import { SyncError, type SyncErrorCode } from 'web-sync'
import type { Store } from './state.ts'

/** Runs what a person asked for; a failure becomes a message that says what to do next. */
export async function attempt(store: Store, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    store.set({ toast: { text: explainError(error), canUndo: false, tone: 'bad' } })
  }
}

/** A failure in words. */
export function explainError(error: unknown): string {
  if (!(error instanceof SyncError))
    return `That did not work: ${error instanceof Error ? error.message : String(error)}`
  if (error.code === 'invalid-value') {
    return `This cannot be stored${error.path === undefined ? '' : ` (${error.path})`}: ${error.message}`
  }
  return EXPLANATIONS[error.code] ?? error.message
}

/** What to do next, where the error's own text is meant for developers. */
const EXPLANATIONS: Partial<Record<SyncErrorCode, string>> = {
  'quota-exceeded': 'This device has no room left: nothing was stored. Free some space and save again.',
  'not-loaded': 'The first sync has not brought this yet. Wait a moment and do it again.',
  'newer-schema': 'A newer version of Field notes has been here. Reload the page to get it.',
  'storage-failed': 'The browser’s storage does not answer. Reload the page.',
  'storage-forbidden':
    'The browser forbids this site to store anything. Allow site data for it in the browser’s settings, then reload.',
  'record-missing': 'It is not there any more.',
}
