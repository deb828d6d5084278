import { LIMITS, PERIODS } from 'web-sync-protocol'
import { PartnerError, type PartnerLimits, type Retention } from './contract/index.ts'

const DAY_MS = 86_400_000

const DEFAULT_LIMITS: PartnerLimits = {
  askBytes: LIMITS.askBytes,
  opsPerAsk: 20_000,
  workPerAsk: 300_000,
  bytesPerAsk: 8_388_608,
  partnershipsPerAccount: 100,
  eventStreamsPerAccount: 20,
}

const DEFAULT_RETENTION: Retention = {
  logMs: 90 * DAY_MS,
  outcomesMs: PERIODS.replayMs,
  partnershipsMs: 400 * DAY_MS,
  provisionalMs: DAY_MS,
}

/** What an option may be: an integer from `least` to `most`, and why not less. */
interface Range {
  readonly least: number
  readonly most?: number
  readonly why?: string
}

const REPLAY = 'devices send what was accepted again until it is that old, and it must be known by then'

const LIMIT_RANGES: Readonly<Record<keyof PartnerLimits, Range>> = {
  askBytes: { least: LIMITS.leastAskBytes, most: LIMITS.askBytes, why: 'a single mutation may be that large' },
  opsPerAsk: { least: 1 },
  workPerAsk: { least: 1 },
  bytesPerAsk: { least: 1 },
  partnershipsPerAccount: {
    least: LIMITS.leastPartnerships,
    why: 'with less, the devices of one account evict each other for ever',
  },
  eventStreamsPerAccount: { least: 0 },
}

const RETENTION_RANGES: Readonly<Record<keyof Retention, Range>> = {
  logMs: { least: 1 },
  outcomesMs: { least: PERIODS.replayMs, why: REPLAY },
  partnershipsMs: { least: PERIODS.replayMs, why: REPLAY },
  provisionalMs: { least: PERIODS.leastProvisionalMs, why: 'a device may wait before it presents its first key' },
}

/** The limits with their defaults. Throws PartnerError 'invalid-option' for one that contradicts what devices rely on. */
export function resolveLimits(given: Partial<PartnerLimits> = {}): PartnerLimits {
  return resolve('limits', DEFAULT_LIMITS, given, LIMIT_RANGES)
}

/** As {@link resolveLimits}, for the retention. */
export function resolveRetention(given: Partial<Retention> = {}): Retention {
  return resolve('retention', DEFAULT_RETENTION, given, RETENTION_RANGES)
}

function resolve<T extends object>(
  name: string,
  defaults: T,
  given: Partial<T>,
  ranges: Readonly<Record<keyof T, Range>>,
): T {
  const whole = { ...defaults, ...given }
  for (const key of Object.keys(ranges) as (keyof T & string)[]) assertRange(`${name}.${key}`, whole[key], ranges[key])
  return whole
}

function assertRange(name: string, value: unknown, { least, most, why }: Range): void {
  const isFine = Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= (most ?? Infinity)
  if (isFine) return
  const range = most === undefined ? `of at least ${least}` : `from ${least} to ${most}`
  const reason = why === undefined ? '' : `: ${why}`
  throw new PartnerError('invalid-option', `createPartner: \`${name}\` must be an integer ${range}${reason}.`)
}
