/** Texts for people. */

const numbers = new Intl.NumberFormat('en')
const regions = new Intl.DisplayNames('en', { type: 'region' })
const dates = new Intl.DateTimeFormat('en', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  hour12: false,
})
const times = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false })

/** 1234567 → 1,234,567. */
export function formatNumber(value: number): string {
  return numbers.format(value)
}

/** FR → France. */
export function formatCountry(code: string): string {
  try {
    return regions.of(code) ?? code
  } catch {
    return code
  }
}

/** Degrees and minutes, as on a map sheet. */
export function formatCoordinates(lat: number, lon: number): string {
  return `${formatAngle(lat, 'N', 'S')} ${formatAngle(lon, 'E', 'W')}`
}

/** Day and time. */
export function formatMoment(atMs: number): string {
  return dates.format(atMs)
}

/** Time with seconds. */
export function formatTime(atMs: number): string {
  return times.format(atMs)
}

/** `1 note`, `2 notes`. */
export function plural(count: number, one: string, many: string = `${one}s`): string {
  return `${formatNumber(count)} ${count === 1 ? one : many}`
}

function formatAngle(value: number, positive: string, negative: string): string {
  const minutes = Math.round(Math.abs(value) * 60)
  return `${Math.floor(minutes / 60)}° ${String(minutes % 60).padStart(2, '0')}′ ${value < 0 ? negative : positive}`
}
