import { describe, expect, it } from 'vitest'
import { makeVersion, isRecordVersion, versionBits, versionNumber } from './record-version.ts'
import { INITIAL_KEY, isSameKey, keyNumber, type SyncKey } from './sync-key.ts'

const KEY: SyncKey = { n: 7, tag: 'a'.repeat(32) }

describe('the sync key', () => {
  it('names the same checkpoint only with the same number and the same tag', () => {
    expect(isSameKey(KEY, { ...KEY })).toBe(true)
    expect(isSameKey(KEY, { ...KEY, tag: 'b'.repeat(32) })).toBe(false)
    expect(isSameKey(KEY, { ...KEY, n: 8 })).toBe(false)
    expect(isSameKey(INITIAL_KEY, INITIAL_KEY)).toBe(true)
    expect(isSameKey(INITIAL_KEY, KEY)).toBe(false)
    expect(isSameKey(KEY, INITIAL_KEY)).toBe(false)
  })

  it('is an integer, 0 in the beginning', () => {
    expect(keyNumber(INITIAL_KEY)).toBe(0)
    expect(keyNumber(KEY)).toBe(7)
  })
})

describe('a record version', () => {
  it('is a change number and random bits, and reads back', () => {
    const version = makeVersion(9_007_199_254_740_991, '0123456789abcdef')
    expect(isRecordVersion(version)).toBe(true)
    expect([versionNumber(version), versionBits(version)]).toEqual([9_007_199_254_740_991, '0123456789abcdef'])
  })

  it('is nothing else', () => {
    const others = [
      '',
      '0-0123456789abcdef',
      '01-0123456789abcdef',
      '1-0123456789ABCDEF',
      '1-0123',
      '-1-0123456789abcdef',
      '1.5-0123456789abcdef',
      '9007199254740992-0123456789abcdef',
      '1-0123456789abcdef ',
      1,
      null,
      undefined,
    ]
    for (const other of others) expect(isRecordVersion(other)).toBe(false)
  })
})
