import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isKept } from './kept.ts'
import { LIMITS } from './limits.ts'

function keptOf(newest: number): number[] {
  const kept: number[] = []
  for (let n = 1; n <= newest; n += 1) if (isKept(n, newest)) kept.push(n)
  return kept
}

describe('the rule of kept checkpoints', () => {
  it('keeps the last 16, of the last 64 every fourth, of the last 256 every sixteenth', () => {
    const kept = keptOf(1_000)
    expect(kept.filter((n) => n > 1_000 - 16)).toEqual(Array.from({ length: 16 }, (_, index) => 985 + index))
    expect(kept.filter((n) => n > 1_000 - 64 && n <= 1_000 - 16)).toEqual([
      940, 944, 948, 952, 956, 960, 964, 968, 972, 976, 980, 984,
    ])
    expect(kept.filter((n) => n > 1_000 - 256 && n <= 1_000 - 64)).toEqual([
      752, 768, 784, 800, 816, 832, 848, 864, 880, 896, 912, 928,
    ])
    expect(isKept(1_005, 1_000)).toBe(true)
  })

  it('keeps the powers of 2 for ever: a backup from early in a partnership’s life has a checkpoint', () => {
    const kept = keptOf(100_000)
    for (let n = 1; n < 100_000; n *= 2) expect(kept).toContain(n)
  })

  it('what is thinned away never comes back as newer ones are presented', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 40 }), fc.nat(2 ** 20), fc.nat(2 ** 20), (n, distance, more) => {
        expect(isKept(n, n + distance) || !isKept(n, n + distance + more)).toBe(true)
      }),
      { numRuns: 5_000 },
    )
  })

  it('never keeps more than fit into have[], up to 2^53', () => {
    expect(keptOf(1_000_000).length).toBeLessThanOrEqual(LIMITS.have)
    for (const newest of [1, 15, 16, 17, 255, 4_095, 65_536, 250_000])
      expect(keptOf(newest).length).toBeLessThanOrEqual(LIMITS.have)
    expect(isKept(3, Number.MAX_SAFE_INTEGER)).toBe(false)
  })

  it('a backup any number of exchanges old still has a checkpoint near it: no gap is larger than a quarter of its age', () => {
    const newest = 100_000
    const kept = keptOf(newest)
    for (const [index, n] of kept.entries()) {
      const next = kept[index + 1] ?? newest
      expect((next - n) * 4).toBeLessThanOrEqual(Math.max(4, newest - n) * 4)
      expect(next - n).toBeLessThanOrEqual(Math.max(1, Math.ceil((newest - n) / 4) * 2))
    }
  })
})
