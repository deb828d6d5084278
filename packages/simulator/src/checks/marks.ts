import { isJsonObject, type JsonObject } from 'web-sync-protocol'
import type { LocalOp } from 'web-sync/testing'

/** The marks of the writes that a record shows. */
export function marksOf(record: JsonObject): ReadonlySet<string> {
  const marks = record['marks']
  return new Set(marks !== undefined && isJsonObject(marks) ? Object.keys(marks) : [])
}

/**
 * True if a later operation of the same mutation deletes the record: what this one wrote is gone then, by its own author, also from a
 * record of that name that somebody makes afterwards.
 */
export function isTakenBack(ops: readonly LocalOp[], index: number): boolean {
  const { collection, id } = ops[index] as LocalOp
  return ops.slice(index + 1).some((op) => op.op === 'delete' && op.collection === collection && op.id === id)
}
