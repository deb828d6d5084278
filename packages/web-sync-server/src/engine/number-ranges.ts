/** Ranges that one text has at most; beyond, the narrowest gaps between them are filled. */
const MAX_RANGES = 256

/** Inclusive. */
type Range = readonly [first: number, last: number]

/** True if a text of ranges (`1-40,44`) has the number. */
export function hasNumber(text: string, number: number): boolean {
  return parseRanges(text).some(([first, last]) => first <= number && number <= last)
}

/**
 * Adds numbers to a text of ranges. A text never has more than 256 ranges: then the narrowest gaps count as if they were in it, for to
 * forget a number that was answered would be worse than to take one for answered that was not.
 */
export function addNumbers(text: string, numbers: readonly number[]): string {
  const all: Range[] = [...parseRanges(text), ...numbers.map((number): Range => [number, number])]
  const joined: Range[] = []
  for (const [first, last] of all.toSorted((a, b) => a[0] - b[0])) {
    const before = joined.at(-1)
    if (before !== undefined && first <= before[1] + 1)
      joined[joined.length - 1] = [before[0], Math.max(before[1], last)]
    else joined.push([first, last])
  }
  return fillGaps(joined)
    .map(([first, last]) => (first === last ? String(first) : `${first}-${last}`))
    .join(',')
}

function parseRanges(text: string): Range[] {
  if (text === '') return []
  return text.split(',').map((part): Range => {
    const [first, last = first] = part.split('-').map(Number) as [number, number?]
    return [first, last]
  })
}

function fillGaps(ranges: readonly Range[]): readonly Range[] {
  if (ranges.length <= MAX_RANGES) return ranges
  const gaps = ranges
    .slice(1)
    .map(([first], index) => ({ index: index + 1, width: first - (ranges[index] as Range)[1] }))
  const filled = new Set(
    gaps
      .toSorted((a, b) => a.width - b.width)
      .slice(0, ranges.length - MAX_RANGES)
      .map(({ index }) => index),
  )
  const kept: Range[] = []
  for (const [index, range] of ranges.entries()) {
    const before = kept.at(-1)
    if (before !== undefined && filled.has(index)) kept[kept.length - 1] = [before[0], range[1]]
    else kept.push(range)
  }
  return kept
}
