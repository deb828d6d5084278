import type { JsonObject } from 'web-sync-protocol'
import { SyncError } from '../contract/index.ts'
import { RANKS, recordToParts } from './index-keys.ts'
import type { RowKey } from './keys.ts'

/** The error for a query that does not fit the schema. */
export function invalidQuery(message: string): SyncError {
  return new SyncError('invalid-query', message)
}

/** The cursor behind the last record of a result; null: there is nothing behind it. */
export function nextCursor(
  plan: {
    readonly collection: string
    readonly orderIndex: string | null
    readonly order: readonly string[]
    readonly limit: number
  },
  records: readonly JsonObject[],
): string | null {
  const last = records.at(-1)
  if (last === undefined || records.length < plan.limit) return null
  return JSON.stringify([plan.collection, plan.orderIndex, ...recordToParts(plan.order, last['id'] as string, last)])
}

/** The position that a cursor names, as parts of an order by `fields` fields and the id. Throws `invalid-query`. */
export function readCursor(cursor: string, collection: string, orderIndex: string | null, fields: number): RowKey[] {
  const [of, index, ...parts] = parseList(cursor)
  const isPosition =
    parts.length === fields + 1 && parts.every((part, at) => (at < fields ? isPart(part) : typeof part === 'string'))
  if (of === collection && index === orderIndex && isPosition) return parts as RowKey[]
  throw invalidQuery("'after' must be the cursor that a result of the same collection and index gave as 'next'.")
}

function parseList(cursor: unknown): readonly unknown[] {
  try {
    const list: unknown = typeof cursor === 'string' ? JSON.parse(cursor) : null
    return Array.isArray(list) ? list : []
  } catch {
    return []
  }
}

/** True if something is what {@link valueToPart} makes of a value. */
function isPart(part: unknown): boolean {
  if (!Array.isArray(part)) return false
  const [rank, value] = part as readonly unknown[]
  if (rank === RANKS.number) return part.length === 2 && typeof value === 'number'
  if (rank === RANKS.string) return part.length === 2 && typeof value === 'string'
  return part.length === 1 && Object.values(RANKS).includes(rank as never)
}
