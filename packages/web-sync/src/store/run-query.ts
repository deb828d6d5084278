import type { JsonObject } from 'web-sync-protocol'
import { recordToParts } from './index-keys.ts'
import { type RowKey, type RowKeyRange, compareKeys, isInRange, prefixRange } from './keys.ts'
import { compareRecords, isMatch } from './query-match.ts'
import type { QueryPlan } from './query-plan.ts'
import { READ_BATCH, type RowReader, listAll } from './row-database.ts'
import type { OverlayRow } from './rows.ts'

/** The smallest batch; a limited query reads little more than it returns. */
const MIN_BATCH = 32

/** Runs a plan: base rows that no pending mutation touches, merged with the overlay's, in the plan's order. */
export async function runQuery(tx: RowReader, generation: number, plan: QueryPlan): Promise<JsonObject[]> {
  if (!plan.isSorted) return stream(tx, generation, plan)
  // Such a plan has no limit.
  const all = await stream(tx, generation, plan)
  return all.filter((value) => isBehind(plan, value)).toSorted((a, b) => compareInPlan(plan, a, b))
}

/** Orders two records as a plan's result does. */
export function compareInPlan(plan: QueryPlan, a: JsonObject, b: JsonObject): number {
  const order = compareRecords(plan.order, a, b)
  return plan.direction === 'asc' ? order : -order
}

/** True if a record comes behind the plan's cursor. */
export function isBehind(plan: QueryPlan, value: JsonObject): boolean {
  if (plan.after === null) return true
  const order = compareKeys(recordToParts(plan.order, value['id'] as string, value), plan.after)
  return plan.direction === 'asc' ? order > 0 : order < 0
}

/** What the ranges hold, in their order. */
async function stream(tx: RowReader, generation: number, plan: QueryPlan): Promise<JsonObject[]> {
  const found: JsonObject[] = []
  if (plan.limit === 0) return found
  const overlay = await readOverlay(tx, plan.collection)
  const own = sortOwn(overlay, plan)
  let next = 0
  const isFull = (): boolean => found.length >= plan.limit
  const sign = plan.direction === 'asc' ? 1 : -1
  for (const range of plan.ranges) {
    for (let rest: RowKeyRange | null = range; rest !== null && !isFull();) {
      const limit = batchSize(plan, found.length)
      const rows: readonly JsonObject[] = await readBase(tx, generation, plan, rest, limit)
      for (const value of rows) {
        if (isFull()) break
        if (overlay.has(value['id'] as string) || !isMatch(value, plan.residual)) continue
        while (
          next < own.length &&
          !isFull() &&
          sign * compareRecords(plan.fields, own[next] as JsonObject, value) < 0
        ) {
          found.push(own[next] as JsonObject)
          next += 1
        }
        if (!isFull()) found.push(value)
      }
      rest = rows.length < limit ? null : restOf(range, plan, rows.at(-1) as JsonObject)
    }
  }
  for (; next < own.length && !isFull(); next += 1) found.push(own[next] as JsonObject)
  return found
}

/**
 * Counts without reading more records than pending mutations touch, where the ranges decide alone: entries in them, without those whose
 * records are in the overlay, and the overlay's.
 */
export async function runCount(tx: RowReader, generation: number, plan: QueryPlan): Promise<number> {
  const { collection, ranges, fields } = plan
  if (plan.residual.length > 0 || (plan.isSorted && plan.after !== null))
    return (await runQuery(tx, generation, plan)).length
  let count = 0
  for (const range of ranges) count += await tx.count('base', baseRange(generation, plan, range), plan.index !== null)
  const overlay = await readOverlay(tx, collection)
  const ids = [...overlay.keys()]
  const isFound = (value: JsonObject): boolean => {
    const parts = recordToParts(fields, value['id'] as string, value)
    return ranges.some((range) => isInRange(parts, range))
  }
  const hidden =
    ids.length === 0
      ? []
      : await tx.getMany(
          'base',
          ids.map((id) => [generation, collection, id]),
        )
  count -= hidden.filter((row) => row !== undefined && isFound(row.value)).length
  return Math.min(plan.limit, count + sortOwn(overlay, plan).length)
}

async function readOverlay(tx: RowReader, collection: string): Promise<ReadonlyMap<string, OverlayRow>> {
  const range = prefixRange(collection)
  const rows = await listAll(tx, 'overlay', range, (row) => [row.collection, row.id])
  return new Map(rows.map((row) => [row.id, row]))
}

/** The overlay's records that the plan finds, in its order. */
function sortOwn(overlay: ReadonlyMap<string, OverlayRow>, plan: QueryPlan): JsonObject[] {
  const own: JsonObject[] = []
  for (const { value } of overlay.values()) {
    if (value === null || !isMatch(value, plan.residual)) continue
    const parts = recordToParts(plan.fields, value['id'] as string, value)
    if (plan.ranges.some((range) => isInRange(parts, range))) own.push(value)
  }
  const sign = plan.direction === 'asc' ? 1 : -1
  return own.toSorted((a, b) => sign * compareRecords(plan.fields, a, b))
}

async function readBase(
  tx: RowReader,
  generation: number,
  plan: QueryPlan,
  range: RowKeyRange,
  limit: number,
): Promise<readonly JsonObject[]> {
  const rows = await tx.list('base', {
    range: baseRange(generation, plan, range),
    byIndex: plan.index !== null,
    direction: plan.direction,
    limit,
  })
  return rows.map((row) => row.value)
}

/** A plan's range of parts as keys of base rows or of their index entries. */
function baseRange(generation: number, plan: QueryPlan, range: RowKeyRange): RowKeyRange {
  const lead: readonly RowKey[] =
    plan.index === null ? [generation, plan.collection] : [generation, plan.collection, plan.index]
  return {
    ...range,
    lower: [...lead, ...(range.lower as readonly RowKey[])],
    upper: [...lead, ...(range.upper as readonly RowKey[])],
  }
}

/** What is left of a range after a record; null: nothing. */
function restOf(range: RowKeyRange, plan: QueryPlan, last: JsonObject): RowKeyRange | null {
  const parts = recordToParts(plan.fields, last['id'] as string, last)
  if (plan.direction === 'asc') {
    return compareKeys(parts, range.upper) >= 0 ? null : { ...range, lower: parts, isLowerOpen: true }
  }
  return compareKeys(parts, range.lower) <= 0 ? null : { ...range, upper: parts, isUpperOpen: true }
}

function batchSize(plan: QueryPlan, found: number): number {
  if (plan.residual.length > 0) return READ_BATCH
  return Math.min(READ_BATCH, Math.max(MIN_BATCH, plan.limit - found))
}
