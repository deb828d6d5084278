import { type Auth, type GetAuth, SyncError } from '../contract/index.ts'

/** How long the app may take to sign: a frozen page, or a token endpoint that hangs, must not hold the run, and with it the lock. */
const SIGN_MS = 20_000

/**
 * The app's callback as a port, in a page's worker and in a service worker alike. Rejects if it does not answer within 20 s: a failed
 * attempt, not a sign-out.
 */
export function createAuth(getAuth: GetAuth): Auth {
  return {
    getHeaders: async (isRefresh) => {
      let timer: ReturnType<typeof setTimeout> | undefined
      const late = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => reject(new SyncError('internal', 'getAuth did not answer in time.')), SIGN_MS)
      })
      try {
        return await Promise.race([getAuth(isRefresh), late])
      } finally {
        clearTimeout(timer)
      }
    },
  }
}
