/** The value in the middle, or between the two in the middle; undefined for none. */
export function median(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  // `!`: there is at least one value, so both indexes are inside.
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** `value` in units of `base`; undefined if one of them is missing or the base is 0: nothing is a multiple of nothing. */
export function ratio(value: number | undefined, base: number | undefined): number | undefined {
  return value === undefined || base === undefined || base === 0 ? undefined : value / base
}

/**
 * The order of the sessions: A B C A B C for each size. So a machine that grows slower or faster meanwhile does the same to all.
 * Sizes run in the order given.
 */
export function interleave<Name, Size>(
  names: readonly Name[],
  sizes: readonly Size[],
  sessions: number,
): { readonly name: Name; readonly size: Size; readonly session: number }[] {
  return sizes.flatMap((size) =>
    Array.from({ length: sessions }, (_, index) => names.map((name) => ({ name, size, session: index + 1 }))).flat(),
  )
}
