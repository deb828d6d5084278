import type { Lock } from '../contract/index.ts'

/**
 * A lock among the users of this object only, for contexts without Web Locks (pages without https, site data blocked). Tabs may then run
 * at the same time: that wastes requests and corrupts nothing, because the sync key is the law.
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
