import { expect, test } from 'vitest'
import { createWebLock } from './web-lock.ts'

/** Short, since a real holder answers within a millisecond. */
const patience = { waitMs: 20, answerMs: 200 }

/** A door that somebody waits at. */
function createDoor(): { readonly opened: Promise<void>; readonly open: () => void } {
  const target = new EventTarget()
  return {
    opened: new Promise((resolve) => {
      target.addEventListener('open', () => resolve())
    }),
    open: () => void target.dispatchEvent(new Event('open')),
  }
}

/** Hears questions about a lock; resolves when so many were asked. */
async function collectQuestions(name: string, count: number): Promise<void> {
  const channel = new BroadcastChannel(`web-sync:lock:${name}`)
  let heard = 0
  await new Promise<void>((resolve) => {
    channel.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
      if (String(data).endsWith('?')) heard += 1
      if (heard === count) resolve()
    })
  })
  channel.close()
}

test('a holder that takes its time is asked, answers, and keeps the lock', async () => {
  const lock = createWebLock(navigator.locks, patience)
  const door = createDoor()
  const order: string[] = []
  const first = lock.hold('slow', { ifAvailable: false }, async () => {
    await door.opened
    order.push('first')
  })
  const asked = collectQuestions('slow', 3)
  const second = lock.hold('slow', { ifAvailable: false }, async () => order.push('second'))
  await asked
  expect(order).toEqual([])
  door.open()
  await Promise.all([first, second])
  expect(order).toEqual(['first', 'second'])
})

test('a holder that does not answer loses the lock; whoever only looks does not take it', async () => {
  // As a frozen context does: it holds, and hears nothing.
  const thawed = createDoor()
  const frozen = navigator.locks.request('frozen', () => thawed.opened)
  const lost = frozen.then(
    () => 'kept',
    (error: unknown) => (error as Error).name,
  )
  const lock = createWebLock(navigator.locks, patience)
  expect(await lock.hold('frozen', { ifAvailable: true }, async () => 'never')).toBeNull()
  expect(await lock.hold('frozen', { ifAvailable: false }, async () => 'taken over')).toBe('taken over')
  expect(await lost).toBe('AbortError')
  thawed.open()
})

test('the work of a holder that has lost the lock ends as it ends, and so does its promise', async () => {
  const lock = createWebLock(navigator.locks, patience)
  const door = createDoor()
  const held = lock.hold('thawed', { ifAvailable: false }, async () => {
    await door.opened
    return 'done'
  })
  await navigator.locks.request('thawed', { steal: true }, () => undefined)
  door.open()
  expect(await held).toBe('done')
})
