import { describe, expect, test } from 'vitest'
import { Horizon, type Sample } from './horizon.ts'

const top = (head: number, history = 'a') => ({ head, version: `${head}-${history}` })

/** What a transaction on the server of this epoch may call durable. */
const durableOn = (horizon: Horizon, epoch: string): unknown => {
  const known = horizon.durableOf('s')
  return known?.epoch === epoch ? { head: known.head, version: known.version } : null
}

/** Looks at the database at this moment. */
const look = (horizon: Horizon, sample: Partial<Sample> & { readonly position: bigint }): void =>
  horizon.judge(horizon.takeUnplaced(), { epoch: 'one', flushed: null, ...sample })

describe('the horizon that standbys give', () => {
  test('a change is durable when the standbys have flushed the log up to where it was after its commit', () => {
    const horizon = new Horizon()
    horizon.note('s', top(1), 'one')
    look(horizon, { position: 100n, flushed: 99n })
    expect(durableOn(horizon, 'one')).toBeNull()
    expect(horizon.isWaiting).toBe(true)
    look(horizon, { position: 200n, flushed: 100n })
    expect(durableOn(horizon, 'one')).toEqual(top(1))
    expect(horizon.isWaiting).toBe(false)
  })

  test('what is seen while the database is asked gets no place from that answer: its commit may lie behind it', () => {
    const horizon = new Horizon()
    const unplaced = horizon.takeUnplaced()
    horizon.note('s', top(1), 'one')
    horizon.judge(unplaced, { epoch: 'one', position: 100n, flushed: 100n })
    expect(durableOn(horizon, 'one')).toBeNull()
  })

  test('a busy space gets on: the oldest that waits keeps its place while newer ones come', () => {
    const horizon = new Horizon()
    for (let head = 1; head <= 10; head += 1) {
      horizon.note('s', top(head), 'one')
      look(horizon, { position: BigInt(head * 100), flushed: BigInt(head * 100 - 150) })
    }
    expect(horizon.durableOf('s')?.head).toBeGreaterThan(5)
    look(horizon, { position: 2_000n, flushed: 2_000n })
    expect(durableOn(horizon, 'one')).toEqual(top(10))
  })

  test('a standby that is missing holds everything back', () => {
    const horizon = new Horizon()
    horizon.note('s', top(1), 'one')
    look(horizon, { position: 100n, flushed: null })
    look(horizon, { position: 1_000n, flushed: null })
    expect(durableOn(horizon, 'one')).toBeNull()
  })

  test('another server, or the same one started again: its positions say nothing about what was noted before', () => {
    const horizon = new Horizon()
    horizon.note('s', top(1), 'one')
    look(horizon, { position: 100n, flushed: 100n })
    horizon.note('s', top(2), 'one')
    look(horizon, { position: 200n, flushed: 100n })
    expect(durableOn(horizon, 'two')).toBeNull()
    // Restored from a backup that has the first change only; its log is longer than the lost one was.
    look(horizon, { epoch: 'two', position: 500n, flushed: 500n })
    expect(durableOn(horizon, 'one')).toBeNull()
    expect(durableOn(horizon, 'two')).toBeNull()
    horizon.note('s', top(2, 'b'), 'two')
    const beforeTheSwitch = horizon.takeUnplaced()
    horizon.judge(beforeTheSwitch, { epoch: 'three', position: 900n, flushed: 900n })
    expect(durableOn(horizon, 'three')).toBeNull()
  })
})
