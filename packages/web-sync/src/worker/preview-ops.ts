import { applyLocally, type JsonObject, type Op } from 'web-sync-protocol'
import type { LocalOp } from '../contract/index.ts'

/**
 * What each operation would make of its record, one after the other; null: no record, or none that is known. `read` gives a record as
 * it is seen now.
 */
export async function previewOps(
  ops: readonly LocalOp[],
  read: (collection: string, id: string) => Promise<JsonObject | undefined>,
): Promise<(JsonObject | null)[]> {
  const views = new Map<string, JsonObject | null>()
  const results: (JsonObject | null)[] = []
  for (const op of ops) {
    const key = `${op.collection} ${op.id}`
    const isKnown = views.has(key) || op.op !== 'patch'
    const before = isKnown ? views.get(key) : await read(op.collection, op.id)
    const after = applyLocally(before ?? null, op as Op)
    views.set(key, after)
    results.push(after)
  }
  return results
}
