/** A key of a row or of an index entry: what IndexedDB can order, as far as we use it. Order: numbers, strings, arrays. */
export type RowKey = number | string | readonly RowKey[]

/** Keys from `lower` to `upper`; both belong to it unless said otherwise. */
export interface RowKeyRange {
  readonly lower: RowKey
  readonly upper: RowKey
  readonly isLowerOpen?: boolean
  readonly isUpperOpen?: boolean
}

/**
 * Sorts after everything that may follow a prefix in our keys: an array is larger than numbers and strings, and the arrays that we
 * use as parts begin with a rank below this one.
 */
export const AFTER_ALL: RowKey = [Number.MAX_VALUE]

/** All keys that begin with these parts. */
export function prefixRange(...parts: readonly RowKey[]): RowKeyRange {
  return { lower: [...parts], upper: [...parts, AFTER_ALL] }
}

/** Compares two keys in the order of IndexedDB: numbers, strings (by UTF-16 unit), arrays (part by part, the shorter first). */
export function compareKeys(a: RowKey, b: RowKey): number {
  if (a === b) return 0
  if (typeof a === 'object' && typeof b === 'object') return compareArrays(a, b)
  if (typeof a !== typeof b) return keyRank(a) - keyRank(b)
  return a < b ? -1 : 1
}

/** True if a key lies in a range. */
export function isInRange(key: RowKey, range: RowKeyRange): boolean {
  const low = compareKeys(key, range.lower)
  if (low < 0 || (low === 0 && range.isLowerOpen === true)) return false
  const high = compareKeys(key, range.upper)
  return high < 0 || (high === 0 && range.isUpperOpen !== true)
}

function keyRank(key: RowKey): number {
  if (typeof key === 'number') return 0
  return typeof key === 'string' ? 1 : 2
}

function compareArrays(a: readonly RowKey[], b: readonly RowKey[]): number {
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index += 1) {
    const order = compareKeys(a[index] as RowKey, b[index] as RowKey)
    if (order !== 0) return order
  }
  return a.length - b.length
}
