import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { LIMITS, PERIODS } from './limits.ts'

const spec = readFileSync(new URL('../../../docs/protocol.md', import.meta.url), 'utf8')

test.each(Object.entries({ ...LIMITS, ...PERIODS }))('the spec says what %s is', (name, value) => {
  expect(spec).toContain(`| \`${name}\` | ${value.toLocaleString('en-US')} |`)
})

test('a largest mutation fits into the smallest ask that a partner may insist on', () => {
  expect(LIMITS.leastAskBytes).toBeGreaterThan(LIMITS.mutationBytes)
  expect(LIMITS.leastAskBytes).toBeLessThanOrEqual(LIMITS.askBytes)
})

test('a stream gives several signs of life before it is taken for dead', () => {
  expect(3 * PERIODS.streamKeepAliveMs).toBeLessThan(PERIODS.streamIdleMs)
})
