import type { Outcome, RefusalCode } from 'web-sync-protocol'
import type { OutcomeRow, StorageTransaction } from '../contract/index.ts'
import { applyMutation, type ApplyScope } from './apply-mutation.ts'
import { History } from './base-age.ts'
import { Budget, ROW_WORK } from './budget.ts'
import { commitStage } from './commit-stage.ts'
import type { EngineContext } from './context.ts'
import { Forgotten } from './forgotten.ts'
import { doLateDeletes, endWaitsFor } from './late-deletes.ts'
import { draftToOutcome, type NumberedOutcome, type OutcomeDraft } from './outcome-draft.ts'
import type { PreparedMutation } from './prepare.ts'
import type { Known } from './seen.ts'
import { type Entry, Stage } from './stage.ts'

/** Who brings the mutations, and which page will carry their outcomes first. */
export interface MutationSource {
  readonly account: string
  readonly space: string
  /** null: the partner itself. */
  readonly partnershipId: string | null
  readonly n: number
  readonly requestId: string
  readonly canWrite: boolean
}

/** What the mutations of an ask came to. */
export interface AppliedMutations {
  /** In the order of the ask. */
  readonly outcomes: readonly NumberedOutcome[]
  /** How many changes were written. */
  readonly changes: number
}

/** Bytes of a stored outcome that are as much work as one field. */
const OUTCOME_BYTES_PER_WORK = 32

/** One answered mutation of this ask, before numbers are given. */
type Answered =
  | { readonly type: 'new'; readonly mutation: PreparedMutation; readonly draft: OutcomeDraft }
  | { readonly type: 'known'; readonly outcome: NumberedOutcome; readonly isStored: boolean }
  | { readonly type: 'again'; readonly mutationId: string }

/**
 * Applies mutations in order, each at most once for (account, mutationId): outcome and effect are stored together. A fault of one never
 * holds up the others.
 */
export async function applyMutations(
  context: EngineContext,
  tx: StorageTransaction,
  source: MutationSource,
  mutations: readonly PreparedMutation[],
): Promise<AppliedMutations> {
  if (mutations.length === 0) return { outcomes: [], changes: 0 }
  const atMs = context.ports.clock.nowMs()
  const budget = new Budget(context.limits)
  const stage = new Stage(tx, context.schema.collections, budget)
  const scope = await openScope(context, tx, source, stage, budget)
  const answered = await answerAll(scope, mutations)
  await doLateDeletes(scope)
  await commitStage(tx, stage, context.ports.random, atMs)
  const outcomes: NumberedOutcome[] = []
  const byId = new Map<string, NumberedOutcome>()
  for (const entry of answered) {
    const numbered = await complete(tx, source, entry, byId, atMs)
    if (entry.type === 'new') byId.set(numbered.outcome.mutationId, numbered)
    outcomes.push(numbered)
  }
  return { outcomes, changes: stage.changes.length }
}

/** A scope that also knows what was refused earlier in the same ask. */
type AskScope = ApplyScope & {
  readonly forgotten: Forgotten
  readonly drafts: Map<string, { readonly contentHash: string; readonly draft: OutcomeDraft }>
}

async function openScope(
  context: EngineContext,
  tx: StorageTransaction,
  source: MutationSource,
  stage: Stage,
  budget: Budget,
): Promise<AskScope> {
  const { account, space, canWrite } = source
  const drafts: AskScope['drafts'] = new Map()
  const stored = new Map<string, Known | null>()
  const outcomeOf = async (mutationId: string): Promise<Known | null> => {
    const earlier = drafts.get(mutationId)
    if (earlier !== undefined) return knownOfDraft(earlier.draft)
    const known = stored.get(mutationId)
    if (known !== undefined) return known
    // Of these an operation may name many, so each counts.
    budget.spend(ROW_WORK)
    const row = await readOutcome(tx, budget, account, mutationId)
    const found = row === null ? null : knownOfOutcome(parseStored(row))
    stored.set(mutationId, found)
    return found
  }
  const { floor, head } = await tx.getSpace()
  const history = new History(tx, budget)
  const forgotten = new Forgotten(tx, account)
  return { context, tx, history, forgotten, stage, budget, account, space, canWrite, floor, head, outcomeOf, drafts }
}

function knownOfDraft(draft: OutcomeDraft): Known {
  if (draft.type !== 'accepted') return { type: draft.type, merged: false, isResult: () => false }
  return { type: 'accepted', merged: draft.merged, isResult: (entry) => draft.entries.includes(entry) }
}

function knownOfOutcome(outcome: Exclude<Outcome, { type: 'later' }>): Known {
  if (outcome.type !== 'accepted') return { type: outcome.type, merged: false, isResult: () => false }
  const { merged, versions } = outcome
  const isResult = ({ collection, id, current, madeBy }: Entry): boolean =>
    madeBy === null &&
    versions.some((each) => each.collection === collection && each.id === id && each.version === current?.version)
  return { type: 'accepted', merged, isResult }
}

/** The first is always tried, so each ask brings the outbox further; behind one that does not fit all are `later`. */
async function answerAll(scope: AskScope, mutations: readonly PreparedMutation[]): Promise<readonly Answered[]> {
  const { budget } = scope
  const answered: Answered[] = []
  for (const mutation of mutations) {
    const mayBegin = budget.begin(mutation.ops.ok ? mutation.ops.value.length : 1)
    const answer = mayBegin ? await answerOne(scope, mutation) : 'later'
    if (answer === 'later') budget.close()
    else budget.end()
    answered.push(answer === 'later' ? later(mutation.mutationId) : answer)
  }
  return answered
}

async function answerOne(scope: AskScope, mutation: PreparedMutation): Promise<Answered | 'later'> {
  const { mutationId, contentHash } = mutation
  const earlier = scope.drafts.get(mutationId)
  if (earlier !== undefined) {
    return earlier.contentHash === contentHash ? { type: 'again', mutationId } : idReused(mutationId)
  }
  const row = await readOutcome(scope.tx, scope.budget, scope.account, mutationId)
  if (row !== null) return row.contentHash === contentHash ? duplicate(row) : idReused(mutationId)
  if (await scope.forgotten.has(mutation.origin)) return outcomeForgotten(mutationId)
  const draft = await applyMutation(scope, mutation)
  if (draft === 'later') return draft
  scope.drafts.set(mutationId, { contentHash, draft })
  if (draft.type !== 'accepted' && mutation.ops.ok) await endWaitsFor(scope, mutationId, mutation.ops.value)
  return { type: 'new', mutation, draft }
}

/** A stored outcome; to read and to parse it is work that counts. */
async function readOutcome(
  tx: StorageTransaction,
  budget: Budget,
  account: string,
  mutationId: string,
): Promise<OutcomeRow | null> {
  const row = await tx.getOutcome(account, mutationId)
  const bytes = row?.outcome.length ?? 0
  budget.spend(1 + Math.floor(bytes / OUTCOME_BYTES_PER_WORK), bytes)
  return row
}

async function complete(
  tx: StorageTransaction,
  source: MutationSource,
  entry: Answered,
  byId: ReadonlyMap<string, NumberedOutcome>,
  atMs: number,
): Promise<NumberedOutcome> {
  if (entry.type === 'known') {
    const { account, partnershipId, n, requestId } = source
    const { mutationId } = entry.outcome.outcome
    if (entry.isStored) await tx.carryOutcome({ account, mutationId, partnershipId, n, requestId })
    return entry.outcome
  }
  if (entry.type === 'again') return asDuplicate(byId.get(entry.mutationId) as NumberedOutcome) // it stands before this one
  const { mutation, draft } = entry
  const numbered = draftToOutcome(mutation.mutationId, draft)
  // The partner's own writes are never sent again: nobody would ask for their outcome.
  if (source.partnershipId === null) return numbered
  await tx.insertOutcome({
    mutationId: mutation.mutationId,
    account: source.account,
    contentHash: mutation.contentHash,
    outcome: JSON.stringify(numbered.outcome),
    lastNumber: numbered.lastNumber,
    partnershipId: source.partnershipId,
    n: source.n,
    requestId: source.requestId,
    originId: mutation.origin.id,
    originNumber: mutation.origin.number,
    atMs,
  })
  return numbered
}

/** The outcome that was answered first, marked as a repetition. */
export function storedToOutcome(row: OutcomeRow): NumberedOutcome {
  return asDuplicate({ outcome: parseStored(row), lastNumber: row.lastNumber })
}

function duplicate(row: OutcomeRow): Answered {
  return { type: 'known', outcome: storedToOutcome(row), isStored: true }
}

function asDuplicate(numbered: NumberedOutcome): NumberedOutcome {
  const { outcome } = numbered
  return outcome.type === 'later' ? numbered : { ...numbered, outcome: { ...outcome, duplicate: true } }
}

function later(mutationId: string): Answered {
  return { type: 'known', outcome: { outcome: { mutationId, type: 'later' }, lastNumber: null }, isStored: false }
}

/** The id belongs to the first content. */
function idReused(mutationId: string): Answered {
  return refuseUnstored(mutationId, 'id-reused', 'this mutation id was used for another content')
}

function outcomeForgotten(mutationId: string): Answered {
  const message = 'it may have taken effect before: it was sent so long ago that its outcome is not known any more'
  return refuseUnstored(mutationId, 'outcome-forgotten', message)
}

/** What is made on its result is not refused for that: the records say whether it fits. */
function refuseUnstored(mutationId: string, code: RefusalCode, message: string): Answered {
  const outcome: Outcome = { mutationId, type: 'refused', duplicate: false, code, message, path: '' }
  return { type: 'known', outcome: { outcome, lastNumber: null }, isStored: false }
}

/** It was written by this engine, so it is not parsed again. */
function parseStored(row: OutcomeRow): Exclude<Outcome, { type: 'later' }> {
  return JSON.parse(row.outcome) as Exclude<Outcome, { type: 'later' }>
}
