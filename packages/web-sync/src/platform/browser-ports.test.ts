import { expect, test } from 'vitest'
import type { Lock } from '../contract/index.ts'
import { openLock, systemRandom } from './browser-ports.ts'
import { createLocalLock } from './local-lock.ts'

const locks: readonly (readonly [string, () => Lock])[] = [
  ['Web Locks', () => openLock(navigator)],
  ['the lock of one context', createLocalLock],
]

/** A piece of work that holds a lock until it is let go. */
function holdOpen(lock: Lock, name: string): { readonly held: Promise<string | null>; readonly letGo: () => void } {
  const door = new EventTarget()
  const opened = new Promise<void>((resolve) => door.addEventListener('open', () => resolve()))
  const held = lock.hold(name, { ifAvailable: false }, async () => {
    await opened
    return 'first'
  })
  return { held, letGo: () => void door.dispatchEvent(new Event('open')) }
}

test.each(locks)('%s: work waits for its turn, or yields if it does not want to wait', async (kind, create) => {
  const lock = create()
  const { held, letGo } = holdOpen(lock, kind)
  const order: string[] = []
  const second = lock.hold(kind, { ifAvailable: false }, async () => order.push('second'))
  expect(await lock.hold(kind, { ifAvailable: true }, async () => 'never')).toBeNull()
  expect(await lock.hold(`${kind} of another name`, { ifAvailable: true }, async () => 'free')).toBe('free')
  expect(order).toEqual([])
  letGo()
  expect(await held).toBe('first')
  await second
  expect(await lock.hold(kind, { ifAvailable: true }, async () => 'third')).toBe('third')
})

test.each(locks)('%s: a lock is free again, however its work ended', async (kind, create) => {
  const lock = create()
  const failing = lock.hold(`${kind} fails`, { ifAvailable: false }, () => Promise.reject(new Error('oops')))
  await expect(failing).rejects.toThrow('oops')
  expect(await lock.hold(`${kind} fails`, { ifAvailable: true }, async () => 'free')).toBe('free')
})

test('an id has 128 bits, and no two are the same', () => {
  const ids = Array.from({ length: 1_000 }, () => systemRandom.id())
  expect(ids.filter((id) => !/^[0-9a-f]{32}$/.test(id))).toEqual([])
  expect(new Set(ids).size).toBe(1_000)
})
