import { isKept } from 'web-sync-protocol'
import { describe, expect, it } from 'vitest'
import type { KeptStep } from './rows.ts'
import { countOverflow, mergePreImages, planThinning } from './undo.ts'

function step(n: number, bytes = 1): KeptStep {
  const syncKey = { n, tag: 'a'.repeat(32) }
  return { step: n + 100, partnershipId: 'b'.repeat(32), syncKey, collections: [], digest: {}, bytes }
}

function image(n: number): { version: string; mutationId: null; value: { n: number } } {
  return { version: `${n}-0000000000000000`, mutationId: null, value: { n } }
}

describe('undo', () => {
  it('thinning keeps exactly the kept checkpoints, and each removed step goes into the next older kept one', () => {
    // From 3 on: 1 and 2 are kept for ever, so with them nothing would be left without an older kept one.
    const steps = Array.from({ length: 100 }, (_, n) => step(n + 3))
    const { kept, removed } = planThinning(steps, 103)
    expect(kept.map((s) => s.syncKey.n)).toEqual(steps.map((s) => s.syncKey.n).filter((n) => isKept(n, 103)))
    expect(kept.length + removed.length).toBe(100)
    const keptSteps = kept.map((s) => s.step)
    const wrong = removed.filter(({ step: gone, into }) => into !== (keptSteps.filter((s) => s < gone).at(-1) ?? null))
    expect(wrong).toEqual([])
    expect(removed.filter(({ into }) => into === null).length).toBeGreaterThan(0)
  })

  it('of two images of a record the older one wins', () => {
    const merged = mergePreImages(
      [
        ['notes', 'a', image(1)],
        ['notes', 'b', null],
      ],
      [
        ['notes', 'a', image(2)],
        ['notes', 'c', image(2)],
      ],
    )
    expect(new Map(merged.map(([, id, before]) => [id, before?.value['n'] ?? null]))).toEqual(
      new Map([
        ['a', 1],
        ['b', null],
        ['c', 2],
      ]),
    )
  })

  it('beyond its limit the oldest steps go, as few as are enough', () => {
    const steps = [step(1, 50), step(2, 30), step(3, 20)]
    expect([100, 99, 50, 49, 19].map((max) => countOverflow(steps, max))).toEqual([0, 1, 1, 2, 3])
  })
})
