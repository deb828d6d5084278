import {
  applyOp,
  type Collection,
  findRecordFault,
  fitOp,
  fitRecord,
  type JsonObject,
  LIMITS,
  type Op,
  type RecordVersion,
  type RefusalCode,
  versionNumber,
  weigh,
} from 'web-sync-protocol'
import { isLongerThan, type StorageTransaction } from '../contract/index.ts'
import { isBaseTooOld } from './base-age.ts'
import type { Budget } from './budget.ts'
import { type EngineContext, PARTNER_ACCOUNT } from './context.ts'
import type { Fault, OutcomeDraft } from './outcome-draft.ts'
import type { PreparedMutation } from './prepare.ts'
import { findUnseenOf, isAllSeen, type SeenScope } from './seen.ts'
import { type Entry, entryKey, type Stage } from './stage.ts'

/** Who applies, and where. */
export interface ApplyScope extends SeenScope {
  readonly context: EngineContext
  readonly tx: StorageTransaction
  readonly stage: Stage
  readonly budget: Budget
  readonly account: string
  readonly space: string
  readonly canWrite: boolean
  /** The log's last number when the ask was begun: up to there no row is missing above the floor. */
  readonly head: number
}

/** Bytes that the records of one mutation may have afterwards, together: patches on large records must not blow up a page. */
const MAX_RESULT_LENGTH = 4 * LIMITS.mutationBytes

/**
 * Applies one mutation to the stage: all of it, or nothing. `later`: it does not fit into what the ask may cost. Throws only what the
 * app's own rules throw.
 */
export async function applyMutation(scope: ApplyScope, mutation: PreparedMutation): Promise<OutcomeDraft | 'later'> {
  const { ops } = mutation
  if (!ops.ok) return refused({ code: 'invalid-value', message: ops.message, path: ops.path })
  const result = (await findFrameFault(scope, mutation, ops.value)) ?? (await applyOps(scope, mutation, ops.value))
  if (result !== 'later' && !('code' in result)) return result
  scope.stage.drop()
  return result === 'later' ? result : refused(result)
}

/** Faults that can be seen without the records. */
async function findFrameFault(
  scope: ApplyScope,
  mutation: PreparedMutation,
  ops: readonly Op[],
): Promise<Fault | 'later' | null> {
  const { collections } = scope.context.schema
  const unknown = ops.findIndex((op) => !Object.hasOwn(collections, op.collection))
  if (unknown >= 0) {
    return {
      code: 'unknown-collection',
      message: 'the partner’s schema has no such collection',
      path: `/${unknown}/collection`,
    }
  }
  if (isLongerThan(mutation.content, LIMITS.mutationBytes)) {
    return { code: 'too-large', message: `a mutation has at most ${LIMITS.mutationBytes} bytes`, path: '' }
  }
  if (!scope.canWrite) return { code: 'read-only', message: 'the account may only read in this space', path: '' }
  for (const [index, op] of ops.entries()) {
    const known = op.baseMutation === undefined ? null : await scope.outcomeOf(op.baseMutation)
    if (known !== null && known.type !== 'accepted') {
      return {
        code: 'depends-on-refused',
        message: 'it was made on the result of a mutation that was refused',
        path: `/${index}/baseMutation`,
      }
    }
    const excess = findExcess(scope, index)
    if (excess !== null) return excess
  }
  return null
}

type Applied = Extract<OutcomeDraft, { type: 'accepted' }>
type OpFault = Fault & { readonly isConflict?: boolean }

/** Asked after each operation: none costs more than a few records of the largest size. */
function findExcess({ budget }: ApplyScope, index: number): Fault | 'later' | null {
  const excess = budget.findExcess()
  if (excess === null) return null
  if (excess === 'ask') return 'later'
  return {
    code: 'too-large',
    message: 'it changes too much at once: write it as several smaller ones',
    path: `/${index}`,
  }
}

async function applyOps(
  scope: ApplyScope,
  mutation: PreparedMutation,
  ops: readonly Op[],
): Promise<Applied | OpFault | 'later'> {
  const { stage } = scope
  let merged = false
  for (const [index, op] of ops.entries()) {
    const result = await applyOneOp(scope, mutation, op)
    if ('code' in result) return { ...result, path: `/${index}${result.path}` }
    merged ||= result.merged
    const excess = findExcess(scope, index)
    if (excess !== null) return excess
  }
  const texts = measure(scope.budget, stage.written())
  if ('code' in texts) return texts
  const before = stage.changes.length
  await stage.keep(mutation.mutationId, texts)
  const last = stage.changes.length > before ? (stage.changes.at(-1) ?? null) : null
  return { type: 'accepted', merged, entries: await entriesBefore(scope, ops), last }
}

async function applyOneOp(
  scope: ApplyScope,
  mutation: PreparedMutation,
  written: Op,
): Promise<{ readonly merged: boolean } | OpFault> {
  const { context, stage } = scope
  const collection = context.schema.collections[written.collection] as Collection
  // Written by an app of an earlier version, perhaps.
  const op = fitOp(collection, written)
  const entry = await stage.read(op.collection, op.id)
  scope.budget.spend(costOf(op, entry, collection))
  const denied = askRule(scope, scope.account, op, entry)
  if (denied !== null) return denied
  const { current } = entry
  const { conflict, validator } = collection
  const { based, isSeen, unseen } = await findBasis(scope, mutation, op, entry)
  const isTooOld = !isSeen && (await isBaseTooOld(scope, mutation.mutationId, based, entry))
  // What is found late is never merged into what its author has written since.
  const policy = mutation.isLate ? 'partnerWins' : conflict
  const result = applyOp(based, { current, isSeen, policy, isBaseTooOld: isTooOld })
  switch (result.type) {
    case 'nothing':
      if (!stage.isOwnResult(entry)) await waitForRecord(scope, op)
      return { merged: false }
    case 'conflict':
      if (result.code === 'record-deleted') await passOnWaits(stage, op, mutation.mutationId)
      return { code: result.code, message: result.message, path: '', isConflict: true }
    case 'delete':
      stage.delete(entry, mutation.mutationId, isSeen)
      return { merged: result.merged }
    case 'put': {
      const value = fitRecord(collection, result.value)
      const fault = findRecordFault(validator, value)
      if (fault !== null) return { code: 'invalid-record', message: fault.message, path: `/value${fault.path}` }
      stage.write(entry, value, mutation.mutationId, unseen)
      return { merged: result.merged }
    }
  }
}

/**
 * A deletion of a record that is not there waits for the mutation on whose result it was made, and
 * for all others of which its author knows that they had made the record: whoever had the last one
 * may have lost it, and another of them brings the record back.
 */
async function waitForRecord(scope: ApplyScope, op: Op): Promise<void> {
  const { collection, id, base, baseMutation } = op
  if (op.op !== 'delete' || baseMutation === undefined || (await wasAnswered(scope, op))) return
  for (const mutationId of new Set([baseMutation, ...(op.mutations ?? [])])) {
    if ((await scope.outcomeOf(mutationId)) !== null) continue
    scope.stage.awaitDelete({ collection, id, base, mutationId, account: scope.account })
  }
}

/**
 * True if it is certain that the mutation on which a deletion was made was answered in this history: sent again it gets its outcome, or
 * is refused as forgotten, so nothing can come back that the deletion would have to wait for.
 */
async function wasAnswered(scope: ApplyScope, { base, baseMutation }: Op): Promise<boolean> {
  if (baseMutation === undefined) return false
  if ((await scope.outcomeOf(baseMutation)) !== null) return true
  const number = base === null ? 0 : versionNumber(base)
  // Of a history that was lost it may have any number, one that was not given yet as well.
  if (number <= scope.floor || number > scope.head) return false
  const row = await scope.history.read(number, scope.floor)
  return row?.version === base && row.mutationId === baseMutation
}

/** Work of one operation besides reading the record and keeping its result: a patch copies the record, and the app's rules are shown it. */
function costOf(op: Op, entry: Entry, { conflict }: Collection): number {
  if (op.op === 'delete') return 1
  const copies = op.op === 'patch' || typeof conflict === 'function' ? entry.weight : 0
  return 1 + weigh(op.value) + copies
}

/** On what an operation is judged to be made, and what of the record its author has not seen. */
async function findBasis(
  scope: ApplyScope,
  mutation: PreparedMutation,
  op: Op,
  entry: Entry,
): Promise<{ readonly based: Op; readonly isSeen: boolean; readonly unseen: RecordVersion | null }> {
  const { current } = entry
  // Made on whatever is there; nobody saw it.
  if (mutation.isUnconditional) {
    return { based: toNew(op), isSeen: current !== null, unseen: findUnseenOf({ base: null }, entry, false) }
  }
  if (!scope.stage.isOwnResult(entry)) {
    const isSeen = await isAllSeen(scope, op, entry)
    return { based: op, isSeen, unseen: findUnseenOf(op, entry, isSeen) }
  }
  // What the same mutation has just written its author has seen, if that was not merged into something that they had not.
  if (current === null) return { based: toNew(op), isSeen: false, unseen: null }
  return { based: op, isSeen: current.unseen === null, unseen: current.unseen }
}

/**
 * Where an edit comes before what it was made on and is refused, a deletion that waits for the edit waits for what that was made on: its
 * author knew this too.
 */
async function passOnWaits(stage: Stage, { collection, id, baseMutation }: Op, mutationId: string): Promise<void> {
  if (baseMutation === undefined) return
  const waiting = await stage.listWaiting(collection, id)
  for (const awaiting of waiting.filter((each) => each.mutationId === mutationId)) {
    stage.endWait(awaiting)
    const isThere = waiting.some((each) => each.mutationId === baseMutation && each.account === awaiting.account)
    if (!isThere) await stage.keepWait({ ...awaiting, mutationId: baseMutation })
  }
}

/** On what is not there any more, for the next operation of the same mutation; or on whatever is there. */
function toNew(op: Op): Op {
  const { baseMutation: _, ...rest } = op
  return { ...rest, base: null }
}

/** The app's rule for an operation of this account on the record as it is now; null: it may. */
export function askRule(
  { context, space }: Pick<ApplyScope, 'context' | 'space'>,
  account: string,
  op: Op,
  entry: Entry,
): Fault | null {
  if (context.allow === null || account === PARTNER_ACCOUNT) return null
  const answer = context.allow({ account, space, op, current: entry.current })
  if (answer === true) return null
  return {
    code: answer.code ?? ('not-allowed' satisfies RefusalCode),
    message: answer.message,
    path: answer.path ?? '',
  }
}

/** The texts that will be stored, if none is too large. */
function measure(budget: Budget, entries: readonly Entry[]): ReadonlyMap<Entry, string> | Fault {
  const texts = new Map<Entry, string>()
  let length = 0
  for (const entry of entries) {
    if (entry.current === null) continue
    const text = JSON.stringify(entry.current.value satisfies JsonObject)
    length += text.length
    if (isLongerThan(text, LIMITS.recordBytes)) {
      return { code: 'too-large', message: `a record has at most ${LIMITS.recordBytes} bytes`, path: '' }
    }
    if (length > MAX_RESULT_LENGTH) {
      return { code: 'too-large', message: `its records have at most ${MAX_RESULT_LENGTH} bytes together`, path: '' }
    }
    budget.spend(0, text.length)
    texts.set(entry, text)
  }
  return texts
}

function refused({ code, message, path, isConflict }: OpFault): OutcomeDraft {
  return { type: isConflict === true ? 'conflict' : 'refused', code, message, path }
}

/** Each record that the operations name, once, as it is when no mutation is under way; unknown collections have none. */
async function entriesBefore(scope: ApplyScope, ops: readonly Op[]): Promise<readonly Entry[]> {
  const entries = new Map<string, Entry>()
  for (const { collection, id } of ops) {
    const key = entryKey(collection, id)
    if (entries.has(key) || !Object.hasOwn(scope.context.schema.collections, collection)) continue
    entries.set(key, await scope.stage.readBefore(collection, id))
  }
  return [...entries.values()]
}
