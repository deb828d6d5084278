import type { Clock, Lock, Random } from '../contract/index.ts'
import { createWebLock } from './web-lock.ts'

/** The browser's clock. */
export const systemClock: Clock = { nowMs: () => Date.now() }

/** The browser's source of chance. */
export const systemRandom: Random = {
  id: () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16))
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  },
  fraction: () => Math.random(),
}

/**
 * A lock among the users of this object only, for browsers without Web Locks (pages without https). Tabs may then run at the same time:
 * that wastes requests and corrupts nothing, because the sync key is the law.
 */
export function createLocalLock(): Lock {
  const tails = new Map<string, Promise<unknown>>()
  return {
    hold: async (name, options, work) => {
      const before = tails.get(name)
      if (before !== undefined && options.ifAvailable) return null
      const mine = (before ?? Promise.resolve()).then(work)
      const tail = mine.then(
        () => undefined,
        () => undefined,
      )
      tails.set(name, tail)
      try {
        return await mine
      } finally {
        if (tails.get(name) === tail) tails.delete(name)
      }
    },
  }
}

/** Web Locks where there are any, else a lock within this context. */
export function openLock(navigator: { readonly locks?: LockManager }): Lock {
  return navigator.locks === undefined ? createLocalLock() : createWebLock(navigator.locks)
}
