import type { Clock } from './ports.ts'

/** The machine's clock, which may jump either way. The only place where it is read. */
export const systemClock: Clock = { nowMs: () => Date.now() }

/** A time in milliseconds since 1970, as ISO 8601 has it. */
export function msToIso(ms: number): string {
  return new Date(ms).toISOString()
}
