import { LIMITS } from 'web-sync-protocol'
import type { Chance } from '../chance.ts'

/** A part of an ask as somebody hostile writes it: nothing of it need be allowed. */
export type RawAsk = Readonly<Record<string, unknown>>

/** Bytes of each record that is written: so that a page that ignores its limit is seen. */
export const RECORD_BYTES = 1_000

/** A reply's limit. */
export function limit(changes: number, bytes: number, pages: number): RawAsk {
  return { limit: { changes, bytes, pages } }
}

/** So many mutations, each with so many operations, each on a record of its own. */
export function manyMutations(chance: Chance, mutations: number, operations: number, text = ''): RawAsk {
  return {
    mutations: numbers(mutations).map((order) =>
      mutation(
        chance,
        order,
        numbers(operations).map(() => {
          const id = chance.hex(16)
          return { op: 'insert', collection: 'notes', id, base: null, value: { id, text } }
        }),
      ),
    ),
  }
}

/** So many mutations of one record, on a version that is older than the log. */
export function oldBases(chance: Chance, id: string, mutations: number): RawAsk {
  const base = `1-${'0'.repeat(16)}`
  const ops = [{ op: 'patch', collection: 'notes', id, base, value: { topic: 'old' } }]
  return { mutations: numbers(mutations).map((order) => mutation(chance, order, ops)) }
}

/** Stands for a value that is nested far deeper than allowed: see {@link toBody}. */
const DEEP = '(deep)'
/** So deep that whoever steps down by calls runs out of them, and so does JSON.stringify. */
const DEEP_LEVELS = 100_000

/** A mutation with a value that is far too deep. */
export function deepValue(chance: Chance): RawAsk {
  const id = chance.hex(16)
  const op = { op: 'insert', collection: 'notes', id, base: null, value: { id, deep: DEEP } }
  return { mutations: [mutation(chance, 0, [op])] }
}

/** The body of an ask. */
export function toBody(ask: RawAsk): string {
  const deep = '['.repeat(DEEP_LEVELS) + ']'.repeat(DEEP_LEVELS)
  return JSON.stringify(ask).replace(`"${DEEP}"`, deep)
}

/** A key that the partner never made, and as many others. */
export function unknownKeys(chance: Chance, have: number): RawAsk {
  const name = (): RawAsk => ({ partnershipId: chance.hex(32), n: 1 + chance.integer(1_000), tag: chance.hex(32) })
  return { partnershipId: chance.hex(32), key: { n: 7, tag: chance.hex(32) }, have: numbers(have).map(name) }
}

/** Names of collections, all but one unknown. */
export function manyCollections(count: number): RawAsk {
  return { collections: ['notes', ...numbers(count - 1).map((index) => `unknown${index}`)] }
}

/** More bytes than an ask may have. */
export function tooManyBytes(): RawAsk {
  return { space: 'x'.repeat(LIMITS.askBytes) }
}

function mutation(chance: Chance, order: number, ops: readonly unknown[]): RawAsk {
  return { mutationId: chance.uuid(), order, ops }
}

function numbers(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index)
}
