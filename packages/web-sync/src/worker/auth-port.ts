import { type Auth, type GetAuth, SyncError } from '../contract/index.ts'

/** How long the page may take to sign: a frozen page must not hold the run, and with it the lock. */
const SIGN_MS = 20_000

/** The page's callback as a port. Rejects if the page does not answer in time: a failed attempt, not a sign-out. */
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
