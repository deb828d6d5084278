import { LIMITS, PERIODS } from 'web-sync-protocol'
import { expect, test } from 'vitest'
import type { PartnerLimits, Retention } from './index.ts'
import { testPartner } from './testing/test-partner.fixture.ts'

const DAY = 86_400_000

test.each<[string, Partial<Retention>]>([
  ['outcomes forgotten before devices stop sending them again', { outcomesMs: 7 * DAY }],
  ['one millisecond too short', { outcomesMs: PERIODS.replayMs - 1 }],
  ['partnerships evicted with outcomes that may be asked for', { partnershipsMs: 30 * DAY }],
  ['partnerships evicted while their device waits', { provisionalMs: 60_000 }],
  ['no time at all', { logMs: 0 }],
  ['no number', { outcomesMs: Number.NaN }],
])('retention: %s is refused when the partner is made', (_name, retention) => {
  const name = `retention.${Object.keys(retention)[0]}`
  expect(() => testPartner({ retention })).toThrow(
    expect.objectContaining({ code: 'invalid-option', message: expect.stringContaining(`\`${name}\``) }),
  )
})

test.each<[string, Partial<PartnerLimits>]>([
  ['a body that the largest mutation does not fit into', { askBytes: LIMITS.mutationBytes }],
  ['a body that the protocol does not allow', { askBytes: LIMITS.askBytes + 1 }],
  ['devices that evict each other', { partnershipsPerAccount: 1 }],
  ['no operation at all', { opsPerAsk: 0 }],
  ['half an operation', { opsPerAsk: 0.5 }],
])('limits: %s is refused when the partner is made', (_name, limits) => {
  const name = `limits.${Object.keys(limits)[0]}`
  expect(() => testPartner({ limits })).toThrow(
    expect.objectContaining({ code: 'invalid-option', message: expect.stringContaining(`\`${name}\``) }),
  )
})

test('what keeps to the shared bounds is taken, to the very edge', () => {
  const retention = { logMs: 1, outcomesMs: PERIODS.replayMs, partnershipsMs: PERIODS.replayMs }
  const limits = { askBytes: LIMITS.leastAskBytes, partnershipsPerAccount: LIMITS.leastPartnerships }
  expect(testPartner({ retention, limits }).partner.status().isDraining).toBe(false)
})
