import {
  LIMITS,
  type Op,
  type RecordVersion,
  type View,
  applyLocally,
  checkObject,
  checkPatch,
  diffPatch,
  getField,
  isRecordId,
  toPatch,
} from 'web-sync-protocol'
import { type LocalOp, SyncError } from '../contract/index.ts'
import type { StoreContext } from './context.ts'
import { findCollection } from './index-keys.ts'
import { unknownCollection } from './query-plan.ts'
import { nameToText } from './record-names.ts'
import type { OverlayImage } from './rows.ts'
import { fitsBytes, jsonBytes } from './sizes.ts'
import type { Written } from './written.ts'

/** A record as a local write finds it. */
export interface PresentRecord {
  /** As the app sees it; null: it is not there. */
  readonly view: View
  /** The version that the partner confirmed, as far as the view shows it (see `madeOn`); null: none. */
  readonly version: RecordVersion | null
  /** As in `OverlayRow`. */
  readonly madeOn?: RecordVersion | null | undefined
  /** The last pending mutation that touches it, else the one that made the confirmed version. */
  readonly lastMutation: string | null
  /** True if all records of the collection are on the device. */
  readonly isCollectionLoaded: boolean
  /** What an older database showed of it, if that stands in for the partner's copy. */
  readonly image?: OverlayImage | undefined
}

/** The operations as they travel, and what they make of the records. */
export interface PreparedMutation {
  readonly ops: readonly Op[]
  /** New views by record name. */
  readonly views: ReadonlyMap<string, { readonly collection: string; readonly id: string; readonly value: View }>
  readonly bytes: number
  readonly written: Written
}

/** Checks what can be checked without reading: names, ids, the value domain, sizes. Returns normalised copies; throws a SyncError. */
export function checkLocalOps(context: StoreContext, ops: readonly LocalOp[]): LocalOp[] {
  if (!Array.isArray(ops) || ops.length === 0 || ops.length > LIMITS.opsPerMutation) {
    throw new SyncError('invalid-mutation', `A mutation needs 1 to ${LIMITS.opsPerMutation} operations.`)
  }
  return ops.map((op: LocalOp, index) => checkLocalOp(context, op, `/${index}`))
}

/** What the operations make of the present records, one after the other; they see each other. Throws a SyncError; nothing is stored. */
export function prepareMutation(
  context: StoreContext,
  mutationId: string,
  ops: readonly LocalOp[],
  presentByName: ReadonlyMap<string, PresentRecord>,
): PreparedMutation {
  const views = new Map<string, { readonly collection: string; readonly id: string; readonly value: View }>()
  const written: Written[number][] = []
  const prepared = ops.map((op, index) => {
    const name = nameToText(op)
    const present = presentByName.get(name) as PresentRecord
    const view = views.get(name)
    const record = view === undefined ? present : { ...present, view: view.value, lastMutation: mutationId }
    checkPresence(op, record, `/${index}`)
    const travelling = toTravellingOp(context, op, record)
    const value = applyLocally(record.view, travelling, findCollection(context.schema, op.collection))
    checkResult(value, `/${index}`)
    views.set(name, { collection: op.collection, id: op.id, value })
    written.push(op.op === 'put' && travelling.op === 'patch' ? op.value : null)
    return travelling
  })
  if (!fitsBytes(prepared, LIMITS.mutationBytes - ENVELOPE_BYTES)) {
    throw new SyncError('invalid-mutation', `A mutation may have at most ${LIMITS.mutationBytes} bytes: split it.`)
  }
  return { ops: prepared, views, written, bytes: jsonBytes(prepared) + ENVELOPE_BYTES }
}

/** Id, order and braces around the operations. */
const ENVELOPE_BYTES = 128

const OPS: readonly unknown[] = ['insert', 'put', 'patch', 'delete']

function checkLocalOp(context: StoreContext, op: LocalOp, path: string): LocalOp {
  const kind: unknown = (op as { readonly op?: unknown } | null)?.op
  if (!OPS.includes(kind))
    throw new SyncError('invalid-mutation', 'An operation is insert, put, patch or delete.', { path })
  if (findCollection(context.schema, op.collection) === undefined) throw unknownCollection(op.collection)
  if (!isRecordId(op.id)) {
    throw new SyncError('invalid-id', `A record id is a string of 1 to ${LIMITS.idLength} well-formed characters.`, {
      path: `${path}/id`,
    })
  }
  if (op.op === 'delete') return { op: 'delete', collection: op.collection, id: op.id }
  const { collection, id } = op
  if (op.op === 'patch') {
    const patch = checkPatch(id, op.value, op.removed)
    if (!patch.ok) throw invalidValue(`${path}/value${patch.path}`, patch.message)
    return { op: 'patch', collection, id, ...patch.value }
  }
  const checked = checkObject(op.value)
  if (!checked.ok) throw invalidValue(`${path}/value${checked.path}`, checked.message)
  if (getField(checked.value, 'id') !== id) throw invalidValue(`${path}/value/id`, 'must be the id of the record')
  return { op: op.op, collection, id, value: checked.value }
}

function checkPresence(op: LocalOp, record: PresentRecord, path: string): void {
  if (op.op === 'insert' && record.view !== null) {
    throw new SyncError('record-exists', 'A record with this id exists already: choose another id, or put.', { path })
  }
  if ((op.op === 'patch' || op.op === 'delete') && record.view === null) {
    if (record.isCollectionLoaded || record.version !== null || record.lastMutation !== null) {
      throw new SyncError('record-missing', 'There is no record with this id (any more).', { path })
    }
    throw new SyncError(
      'not-loaded',
      'The first sync has not brought this record yet: wait for it, then do it again.',
      { path },
    )
  }
}

/**
 * Says on what an operation is based. A record that is not there has no base: a `put` on one that an own pending mutation has deleted
 * makes it anew. A `put` on a known record travels as a patch of what changed, where the collection merges.
 */
function toTravellingOp(context: StoreContext, op: LocalOp, record: PresentRecord): Op {
  const target = { collection: op.collection, id: op.id }
  if (record.view === null || op.op === 'insert') return { ...op, base: null }
  const base = {
    ...target,
    base: record.version,
    ...(record.lastMutation === null ? {} : { baseMutation: record.lastMutation }),
  }
  if (op.op === 'delete') return { op: 'delete', ...base }
  if (op.op === 'put' && findCollection(context.schema, op.collection)?.putsTravelAsPatch === true) {
    return { op: 'patch', ...base, ...diffPatch(record.view, op.value) }
  }
  if (op.op === 'patch') return { op: 'patch', ...base, ...toPatch(op.value, op.removed ?? []) }
  return { op: 'put', ...base, value: op.value }
}

/** A patch can make a record too large or too deep. */
function checkResult(value: View, path: string): void {
  if (value === null) return
  if (!fitsBytes(value, LIMITS.recordBytes)) {
    throw invalidValue(`${path}/value`, `a record may have at most ${LIMITS.recordBytes} bytes`)
  }
  const checked = checkObject(value)
  if (!checked.ok) throw invalidValue(`${path}/value${checked.path}`, checked.message)
}

function invalidValue(path: string, message: string): SyncError {
  return new SyncError('invalid-value', `The value cannot be stored: ${path} ${message}.`, { path })
}
