/** What can happen in the small scope: writes of two devices, runs of two devices, and two faults. */
const MOVES = ['write one', 'write other', 'sync one', 'sync other'] as const

/** Faults of the small scope. */
const FAULTS = ['lose response', 'kill one', 'restore', 'clone one'] as const

/** Something that happens in the small scope. */
export type Move = (typeof MOVES)[number] | (typeof FAULTS)[number]

/**
 * Pairs of moves that touch nothing in common: a write touches its own device only, a restore the partner only, a lost response is the
 * next run's. Done one right after the other, their order makes no difference, so one of the two orders is enough.
 */
const INDEPENDENT: readonly (readonly [Move, Move])[] = [
  ['write one', 'write other'],
  ['write one', 'sync other'],
  ['write one', 'restore'],
  ['write one', 'lose response'],
  ['write other', 'sync one'],
  ['write other', 'kill one'],
  ['write other', 'clone one'],
  ['write other', 'restore'],
  ['write other', 'lose response'],
  ['sync other', 'clone one'],
  ['lose response', 'restore'],
  ['lose response', 'kill one'],
  ['lose response', 'clone one'],
  ['restore', 'clone one'],
]

/** `before then`: this order is left out, since the other one leads to the same state. */
const LEFT_OUT: ReadonlySet<string> = new Set(INDEPENDENT.map(([first, second]) => `${second} then ${first}`))

/**
 * Every order of the bag, up to the order of neighbours that touch nothing in common (partial-order reduction: of the orders that lead
 * to the same state, the smallest one has no such pair the wrong way round, so it is always among these).
 */
export function* orders(bag: readonly Move[], before: Move | null = null): Generator<readonly Move[]> {
  if (bag.length === 0) yield []
  for (const move of new Set(bag)) {
    if (before !== null && LEFT_OUT.has(`${before} then ${move}`)) continue
    for (const rest of orders(bag.toSpliced(bag.indexOf(move), 1), move)) yield [move, ...rest]
  }
}

/** All orders of two devices, three writes, two faults and three runs. */
export function* smallScope(): Generator<readonly Move[]> {
  for (const writes of [
    ['write one', 'write one', 'write other'],
    ['write one', 'write other', 'write other'],
  ] as const) {
    for (const first of FAULTS) {
      for (const second of FAULTS) {
        if (second >= first) yield* orders([...writes, first, second, 'sync one', 'sync one', 'sync other'])
      }
    }
  }
}
