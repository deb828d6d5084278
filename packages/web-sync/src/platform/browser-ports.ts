import type { Lock, Random } from '../contract/index.ts'
import { createLocalLock } from './local-lock.ts'
import { createWebLock } from './web-lock.ts'

/** The browser's source of chance. */
export const systemRandom: Random = {
  id: () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16))
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  },
  fraction: () => Math.random(),
}

/** Web Locks where there are any, else a lock within this context. */
export function openLock(navigator: { readonly locks?: LockManager }): Lock {
  const locks = orNone(() => navigator.locks)
  return locks === undefined ? createLocalLock() : createWebLock(locks)
}

/** A part of the browser; undefined also where only to ask for it throws (SecurityError, in a frame without an origin). */
export function orNone<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
