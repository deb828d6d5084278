/**
 * Milliseconds that a Retry-After header asks for: seconds, or a date (RFC 9110, 10.2.3). Null if it is missing or says nothing.
 * A date is compared with the device's clock, which may be wrong by years: the initiator bounds the wait.
 */
export function parseRetryAfter(header: string | null, nowMs: number): number | null {
  const text = header?.trim() ?? ''
  if (/^[0-9]{1,9}$/.test(text)) return Number(text) * 1_000
  if (!/[A-Za-z]/.test(text)) return null
  const dateMs = Date.parse(text)
  return Number.isNaN(dateMs) ? null : Math.max(0, dateMs - nowMs)
}
