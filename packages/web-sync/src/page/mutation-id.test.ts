import { expect, test, vi } from 'vitest'
import { newMutationId } from './mutation-id.ts'

test('ids are UUIDs of version 7, each another one, and those of later milliseconds sort later', () => {
  vi.useFakeTimers({ now: 0 })
  try {
    const ids: string[] = []
    // A clock that was never set, one of today, and one so far ahead that its milliseconds have a digit more.
    for (const ms of [0, 1, 1_795_000_000_000, 1_795_000_000_001, 2 ** 44]) {
      vi.setSystemTime(ms)
      ids.push(newMutationId())
      expect(Number.parseInt(ids.at(-1)!.slice(0, 13).replace('-', ''), 16)).toBe(ms)
    }
    vi.setSystemTime(2 ** 44)
    expect(ids).not.toContain(newMutationId())
    expect(ids.toSorted()).toEqual(ids)
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  } finally {
    vi.useRealTimers()
  }
})
