import {
  applyOp,
  type Collection,
  findRecordFault,
  fitOp,
  fitRecord,
  type JsonObject,
  LIMITS,
  type Op,
  type RefusalCode,
} from 'sync-protocol'
import { isLongerThan, type StorageTransaction } from '../contract/index.ts'
import { type History, isBaseTooOld } from './base-age.ts'
import { type EngineContext, PARTNER_ACCOUNT } from './context.ts'
import type { Fault, OutcomeDraft } from './outcome-draft.ts'
import type { PreparedMutation } from './prepare.ts'
import { type Entry, entryKey, type Stage } from './stage.ts'

/** Who applies, and where. */
export interface ApplyScope {
  readonly context: EngineContext
  readonly tx: StorageTransaction
  readonly history: History
  readonly stage: Stage
  readonly account: string
  readonly space: string
  readonly canWrite: boolean
  /** The log's floor. */
  readonly floor: number
  /** True if that mutation of this account had no effect. */
  readonly isWithoutEffect: (mutationId: string) => Promise<boolean>
}

/** Bytes that the records of one mutation may have afterwards, together: patches on large records must not blow up a page. */
const MAX_RESULT_LENGTH = 4 * LIMITS.mutationBytes

/** Applies one mutation to the stage: all of it, or nothing. Throws only what the app's own rules throw. */
export async function applyMutation(scope: ApplyScope, mutation: PreparedMutation): Promise<OutcomeDraft> {
  const { ops } = mutation
  if (!ops.ok) return refused([], { code: 'invalid-value', message: ops.message, path: ops.path })
  const fault = (await findFrameFault(scope, mutation, ops.value)) ?? (await applyOps(scope, mutation, ops.value))
  if (!('code' in fault)) return fault
  scope.stage.drop()
  return refused(await entriesBefore(scope, ops.value), fault)
}

/** Faults that can be seen without the records. */
async function findFrameFault(
  scope: ApplyScope,
  mutation: PreparedMutation,
  ops: readonly Op[],
): Promise<Fault | null> {
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
    if (op.baseMutation !== undefined && (await scope.isWithoutEffect(op.baseMutation))) {
      return {
        code: 'depends-on-refused',
        message: 'it was made on the result of a mutation that was refused',
        path: `/${index}/baseMutation`,
      }
    }
  }
  return null
}

type Applied = Extract<OutcomeDraft, { type: 'accepted' }>
type OpFault = Fault & { readonly isConflict?: boolean }

async function applyOps(scope: ApplyScope, mutation: PreparedMutation, ops: readonly Op[]): Promise<Applied | OpFault> {
  const { stage } = scope
  let merged = false
  for (const [index, op] of ops.entries()) {
    const result = await applyOneOp(scope, mutation, op)
    if ('code' in result) return { ...result, path: `/${index}${result.path}` }
    merged ||= result.merged
  }
  await stage.completeDeletes(mutation.mutationId)
  const texts = measure(stage.written())
  if ('code' in texts) return texts
  const before = stage.changes.length
  stage.keep(mutation.mutationId, texts)
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
  const denied = askRule(scope, op, entry)
  if (denied !== null) return denied
  const { current } = entry
  const { conflict, validator } = collection
  const based = mutation.isUnconditional || stage.isOwnResult(entry) ? rebaseOn(op, current) : op
  const isTooOld = await isBaseTooOld(scope, mutation.mutationId, based, entry)
  const result = applyOp(based, { current, policy: conflict, isBaseTooOld: isTooOld })
  switch (result.type) {
    case 'nothing': {
      const { id, baseMutation } = op
      if (baseMutation !== undefined) {
        stage.awaitDelete({ collection: op.collection, id, mutationId: baseMutation })
      }
      return { merged: false }
    }
    case 'conflict':
      return { code: result.code, message: result.message, path: '', isConflict: true }
    case 'delete':
      stage.write(entry, null, mutation.mutationId)
      return { merged: result.merged }
    case 'put': {
      const value = fitRecord(collection, result.value)
      const fault = findRecordFault(validator, value)
      if (fault !== null) return { code: 'invalid-record', message: fault.message, path: `/value${fault.path}` }
      stage.write(entry, value, mutation.mutationId)
      return { merged: result.merged }
    }
  }
}

/** Made on whatever is there: an own write of the partner, or an operation on what the same mutation has just written. */
function rebaseOn(op: Op, current: Entry['current']): Op {
  if (op.op === 'insert') return op
  const { baseMutation: _, ...rest } = op
  return { ...rest, base: current?.version ?? null }
}

function askRule(scope: ApplyScope, op: Op, entry: Entry): Fault | null {
  const { context, account, space } = scope
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
function measure(entries: readonly Entry[]): ReadonlyMap<Entry, string> | Fault {
  const texts = new Map<Entry, string>()
  let length = 0
  for (const entry of entries) {
    if (entry.current === null) continue
    const text = JSON.stringify(entry.current.value satisfies JsonObject)
    length += text.length
    if (isLongerThan(text, LIMITS.recordBytes) || length > MAX_RESULT_LENGTH) {
      return { code: 'too-large', message: `a record has at most ${LIMITS.recordBytes} bytes`, path: '' }
    }
    texts.set(entry, text)
  }
  return texts
}

function refused(entries: readonly Entry[], fault: OpFault): OutcomeDraft {
  const { code, message, path, isConflict } = fault
  return { type: isConflict === true ? 'conflict' : 'refused', code, message, path, entries }
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
