import {
  applyOp,
  type ConflictPolicy,
  findUnseen,
  isSeen,
  makeVersion,
  type MutationFrame,
  type Op,
  type Outcome,
  parseOps,
  parseWith,
  type RefusalCode,
} from 'web-sync-protocol'
import { type FakeRecord, type FakeSpace, recordKey } from './fake-space.ts'

/** Why the fake refuses an operation. */
export interface FakeRefusal {
  /** Default: 'not-allowed'. */
  readonly code?: RefusalCode
  /** For people. */
  readonly message: string
}

/** How the fake judges mutations. */
export interface ApplyRules {
  /** null: accepted. */
  readonly refuse: (op: Op) => FakeRefusal | null
  readonly conflict: ConflictPolicy
  readonly randomId: () => string
}

/** Records that a mutation has written so far; null: deleted. */
type Staged = Map<string, { readonly op: Op; readonly record: FakeRecord | null }>

/** Applies mutations in their order, each at most once and whole or not at all. */
export function applyMutations(space: FakeSpace, mutations: readonly MutationFrame[], rules: ApplyRules): Outcome[] {
  return mutations.map((mutation) => {
    const before = space.outcomes.get(mutation.mutationId)
    if (before !== undefined) return before.type === 'later' ? before : { ...before, duplicate: true }
    const outcome = applyMutation(space, mutation, rules)
    space.outcomes = new Map(space.outcomes).set(mutation.mutationId, outcome)
    return outcome
  })
}

function applyMutation(space: FakeSpace, frame: MutationFrame, rules: ApplyRules): Outcome {
  const { mutationId, ops: unchecked } = frame
  const policy = frame.late === true ? 'partnerWins' : rules.conflict
  const parsed = parseWith(parseOps, unchecked)
  if (!parsed.ok) return refusal(mutationId, 'refused', 'invalid-value', parsed.message, parsed.path)
  const ops = parsed.value
  const staged: Staged = new Map()
  let merged = false
  for (const [index, op] of ops.entries()) {
    const refused = findRefusal(space, op, rules)
    if (refused !== null) {
      const { code = 'not-allowed', message } = refused
      return refusal(mutationId, 'refused', code, message, `/${index}`)
    }
    const key = recordKey(op.collection, op.id)
    const own = staged.get(key)
    const current = own === undefined ? (space.records.get(key) ?? null) : own.record
    // What the same mutation has just written its author has seen, if it was not merged into something that they had not.
    const isAllSeen =
      current !== null && (own === undefined ? isSeen(op, current) : own.record === null || own.record.unseen === null)
    const based = own?.record === null ? toNew(op) : op
    const result = applyOp(based, { current, isSeen: isAllSeen, policy, isBaseTooOld: false })
    if (result.type === 'conflict') {
      return refusal(mutationId, 'conflict', result.code, result.message, `/${index}`)
    }
    if (result.type === 'nothing') continue
    merged ||= result.merged
    const version = makeVersion(space.head + 1, rules.randomId().slice(0, 16))
    const { collection, id } = op
    const unseen = current === null ? null : (own?.record?.unseen ?? findUnseen(op, current, isAllSeen))
    const facts = { collection, id, version, mutationId, unseen }
    staged.set(key, { op, record: result.type === 'delete' ? null : { ...facts, value: result.value } })
  }
  commit(space, staged, mutationId, rules.randomId)
  const versions = ops.map(({ collection, id }) => {
    const version = space.records.get(recordKey(collection, id))?.version ?? null
    return { collection, id, version }
  })
  return { mutationId, type: 'accepted', duplicate: false, merged, versions }
}

/** What the same mutation has deleted is not there for its next operation. */
function toNew(op: Op): Op {
  const { baseMutation: _, ...rest } = op
  return { ...rest, base: null }
}

function findRefusal(space: FakeSpace, op: Op, { refuse }: ApplyRules): FakeRefusal | null {
  const base = op.baseMutation === undefined ? undefined : space.outcomes.get(op.baseMutation)
  if (base?.type === 'refused' || base?.type === 'conflict') {
    return { code: 'depends-on-refused', message: 'it was made on the result of a mutation that was refused' }
  }
  return refuse(op)
}

/** Gives what was written its change numbers, and the log its lines. */
function commit(space: FakeSpace, staged: Staged, mutationId: string, randomId: () => string): void {
  const records = new Map(space.records)
  const log = [...space.log]
  for (const [key, { op, record }] of staged) {
    // Made and deleted by the same mutation: nobody has ever seen it.
    if (record === null && !records.has(key)) continue
    space.head += 1
    const { collection, id } = op
    const version = makeVersion(space.head, randomId().slice(0, 16))
    if (record === null) {
      records.delete(key)
      log.push({ type: 'delete', collection, id, version, mutationId })
    } else {
      records.set(key, { ...record, version })
      log.push({ type: 'put', collection, id, version, value: record.value, mutationId })
    }
  }
  space.records = records
  space.log = log
}

function refusal(
  mutationId: string,
  type: 'refused' | 'conflict',
  code: RefusalCode,
  message: string,
  path: string,
): Outcome {
  return { mutationId, type, duplicate: false, code, message, path }
}
