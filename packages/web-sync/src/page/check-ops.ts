import {
  type CollectionsByName,
  checkObject,
  checkPatch,
  findRecordFault,
  isRecordId,
  type JsonObject,
  type StandardSchema,
} from 'web-sync-protocol'
import { type LocalOp, SyncError } from '../contract/index.ts'

/**
 * Checks one operation before it crosses to the worker, which structured clone would refuse with no path, and validators cannot cross.
 * Returns a copy inside the value domain; throws `invalid-id` or `invalid-value` with the path into the mutation's operations.
 *
 * @param index position of the operation in its mutation
 */
export function checkOp(index: number, op: LocalOp['op'], collection: string, id: unknown, input: unknown): LocalOp {
  const recordId = op === 'insert' || op === 'put' ? idOf(input, index) : id
  if (!isRecordId(recordId)) {
    const message = `Nothing was stored: a record of ${collection} needs an id of 1 to 256 well-formed characters`
    throw new SyncError('invalid-id', message, { path: `/${index}/id` })
  }
  if (op === 'delete') return { op, collection, id: recordId }
  if (op === 'patch') {
    const patch = checkPatch(recordId, input)
    if (!patch.ok) throw invalid(index, patch)
    return { op, collection, id: recordId, ...patch.value }
  }
  const checked = checkObject(input)
  if (!checked.ok) throw invalid(index, checked)
  return { op, collection, id: recordId, value: checked.value }
}

/** The id that a whole record says; what is no object has none to speak of. */
function idOf(input: unknown, index: number): unknown {
  if (typeof input === 'object' && input !== null) return (input as { readonly id?: unknown }).id
  throw invalid(index, { path: '', message: 'must be an object' })
}

/** True if only the record as it is on the device can show whether the operations are valid. */
export function needsPreview(collections: CollectionsByName, ops: readonly LocalOp[]): boolean {
  return ops.some((op) => op.op === 'patch' && validatorOf(collections, op) !== null)
}

/**
 * Runs the collections' validators over what the operations make of the records (`views`, one for each operation; null: a record that
 * is not known is the worker's to judge). Throws `invalid-value` with the path.
 */
export function validateOps(
  collections: CollectionsByName,
  ops: readonly LocalOp[],
  views: readonly (JsonObject | null)[],
): void {
  ops.forEach((op, index) => {
    const view = views[index] ?? null
    const fault = view === null ? null : findRecordFault(validatorOf(collections, op), view)
    if (fault !== null) throw invalid(index, fault)
  })
}

/** What inserts and puts make of their records, for {@link validateOps}: known without a look at the device. */
export function wholeValues(ops: readonly LocalOp[]): (JsonObject | null)[] {
  return ops.map((op) => (op.op === 'insert' || op.op === 'put' ? op.value : null))
}

function validatorOf(collections: CollectionsByName, op: LocalOp): StandardSchema | null {
  return Object.hasOwn(collections, op.collection) ? (collections[op.collection]?.validator ?? null) : null
}

function invalid(index: number, fault: { readonly path: string; readonly message: string }): SyncError {
  const path = `/${index}/value${fault.path}`
  return new SyncError('invalid-value', `Nothing was stored: ${path} ${fault.message}`, { path })
}
