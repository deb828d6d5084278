import type { JsonObject } from '../json.ts'
import { applyPatch } from '../patch.ts'
import type { RecordVersion } from '../record-version.ts'
import type { ConflictPolicy, ResolveConflict } from '../schema.ts'
import { checkObject } from '../values/check-value.ts'
import type { Op, OpTarget } from '../wire/mutation.ts'
import type { RefusalCode } from '../wire/outcome.ts'

/** A live record as the partner stores it. */
export interface StoredRecord {
  readonly version: RecordVersion
  readonly value: JsonObject
  /** The mutation that made this version; null if it is not known. */
  readonly mutationId: string | null
  /**
   * The version below it that the author of its mutation had not seen; above that one are only this mutation and those that it was made
   * on. null: the record is exactly what its author saw.
   */
  readonly unseen: RecordVersion | null
}

/** What an operation does to the record. */
export type OpResult =
  | { readonly type: 'put'; readonly value: JsonObject; readonly merged: boolean }
  | { readonly type: 'delete'; readonly merged: boolean }
  /** What it wants is so already; nothing is written. */
  | { readonly type: 'nothing' }
  | { readonly type: 'conflict'; readonly code: RefusalCode; readonly message: string }

/** What {@link applyOp} needs to know. */
export interface OpContext {
  readonly current: StoredRecord | null
  /** True if the author of the operation has seen everything in `current`: see {@link isSeen}. */
  readonly isSeen: boolean
  readonly policy: ConflictPolicy | ResolveConflict
  /** True if `base` is older than the outcomes and log kept: what happened since is not known, so it is not merged. */
  readonly isBaseTooOld: boolean
}

/**
 * What one operation makes of the current record (docs/protocol.md section 7). Pure; no wall clock decides anything.
 *
 * | current  | insert        | put, patch                  | delete                          |
 * |----------|---------------|-----------------------------|---------------------------------|
 * | absent   | put           | base null (put): put, else conflict `record-deleted` | nothing |
 * | as based | `record-exists` | put                       | delete                          |
 * | changed  | `record-exists` | by policy                 | by policy; `merge`: `record-changed` |
 *
 * A delete that did not know of another's edit does not take that edit away unless the collection says that the initiator wins.
 */
export function applyOp(op: Op, context: OpContext): OpResult {
  const { current } = context
  if (current === null) return applyToAbsent(op)
  if (op.op === 'insert') return conflict('record-exists', 'a record with this id exists already')
  if (context.isSeen) return applyToCurrent(op, current.value, false)
  if (context.isBaseTooOld) return conflict('stale-base', 'the record changed too long ago to merge with')
  return resolve(op, current, context.policy)
}

/**
 * True if it is proved that whoever made an operation had seen everything in this record: it was made on exactly this version, or on the
 * result of the mutation that made it, and that result was exactly what the author saw. Who wrote last proves nothing by itself: the
 * last write may have been merged into one of somebody else.
 */
export function isSeen(
  { base, baseMutation }: Pick<OpTarget, 'base' | 'baseMutation'>,
  current: StoredRecord,
): boolean {
  const { version, mutationId, unseen } = current
  if (base === version) return true
  return isMadeOn(baseMutation, mutationId) && (unseen === null || unseen === base)
}

/** What the author of an operation on this record has not seen, as {@link StoredRecord.unseen} of the result. */
export function findUnseen(
  { baseMutation }: Pick<OpTarget, 'baseMutation'>,
  current: StoredRecord,
  isAllSeen: boolean,
): RecordVersion | null {
  if (isAllSeen) return null
  return isMadeOn(baseMutation, current.mutationId) ? current.unseen : current.version
}

function isMadeOn(baseMutation: string | undefined, mutationId: string | null): boolean {
  return baseMutation !== undefined && baseMutation === mutationId
}

function applyToAbsent(op: Op): OpResult {
  if (op.op === 'delete') return { type: 'nothing' }
  const isNew = op.op === 'insert' || (op.op === 'put' && op.base === null && op.baseMutation === undefined)
  if (isNew) return { type: 'put', value: op.value, merged: false }
  return conflict('record-deleted', 'the record is not there any more')
}

function applyToCurrent(op: Op, value: JsonObject, merged: boolean): OpResult {
  if (op.op === 'delete') return { type: 'delete', merged }
  if (op.op !== 'patch') return { type: 'put', value: op.value, merged }
  // Many patches that each keep the limits can make a record that does not: it would be a page that no initiator can read.
  const patched = checkObject(applyPatch(value, op))
  return patched.ok
    ? { type: 'put', value: patched.value, merged }
    : conflict('too-large', `with this patch the record ${patched.message}`)
}

function resolve(op: Op, current: StoredRecord, policy: ConflictPolicy | ResolveConflict): OpResult {
  if (policy === 'partnerWins') return conflict('record-changed', 'another write came first')
  if (policy === 'initiatorWins') return applyToCurrent(op, current.value, true)
  if (policy === 'merge') {
    if (op.op === 'patch') return applyToCurrent(op, current.value, true)
    return op.base === null && op.baseMutation === undefined
      ? conflict('record-exists', 'a record with this id exists already')
      : conflict('record-changed', 'the record was changed by another write')
  }
  return resolveByFunction(op, current, policy)
}

function resolveByFunction(op: Op, current: StoredRecord, resolveConflict: ResolveConflict): OpResult {
  if (op.op === 'delete') return conflict('record-changed', 'the record was changed by another write')
  const proposed = applyToCurrent(op, current.value, true)
  if (proposed.type !== 'put') return proposed
  const resolved = resolveConflict({ current: current.value, proposed: proposed.value })
  if (resolved === null) return conflict('record-changed', 'another write came first')
  const checked = checkObject(resolved)
  if (!checked.ok || checked.value['id'] !== op.id) {
    throw new TypeError('a collection’s conflict function must return a JSON record with the same id, or null')
  }
  return { type: 'put', value: checked.value, merged: true }
}

function conflict(code: RefusalCode, message: string): OpResult {
  return { type: 'conflict', code, message }
}
