import { cutRefusalText, type Outcome, type OutcomeVersion, type RefusalCode } from 'web-sync-protocol'
import { type Entry, entryVersion, type StagedChange } from './stage.ts'

/** An outcome before numbers are given. */
export type OutcomeDraft =
  | {
      readonly type: 'accepted'
      readonly merged: boolean
      readonly entries: readonly Entry[]
      readonly last: StagedChange | null
    }
  | ({ readonly type: 'refused' | 'conflict' } & Fault)

/** Why a mutation has no effect. */
export interface Fault {
  readonly code: RefusalCode
  readonly message: string
  /** JSON pointer into the mutation's `ops`. */
  readonly path: string
}

/** An outcome with the number of its last change; null: no effect. */
export interface NumberedOutcome {
  readonly outcome: Outcome
  readonly lastNumber: number | null
}

/** How many mutations that made deleted records an outcome names in all: some 40 KB. */
const MAX_PRIOR_MUTATIONS = 1_000

/** Completes an outcome when numbers are given. */
export function draftToOutcome(mutationId: string, draft: OutcomeDraft): NumberedOutcome {
  if (draft.type === 'accepted') {
    const { merged, entries, last } = draft
    const versions = toOutcomeVersions(mutationId, entries)
    return {
      outcome: { mutationId, type: 'accepted', duplicate: false, merged, versions },
      lastNumber: last === null ? null : last.number,
    }
  }
  const { type, code } = draft
  // Small on disk and on the wire, whatever was refused: an ask must not be answered with many times its size.
  const [message, path] = [cutRefusalText(draft.message), cutRefusalText(draft.path)]
  return { outcome: { mutationId, type, duplicate: false, code, message, path }, lastNumber: null }
}

function toOutcomeVersions(mutationId: string, entries: readonly Entry[]): readonly OutcomeVersion[] {
  let left = MAX_PRIOR_MUTATIONS
  return entries.map((entry) => {
    const version = { collection: entry.collection, id: entry.id, version: entryVersion(entry) }
    const isDeleted = entry.current === null && entry.madeBy?.mutationId === mutationId
    const mutations = isDeleted ? entry.priorMutations : []
    if (mutations.length === 0 || mutations.length > left) return version
    left -= mutations.length
    return { ...version, mutations }
  })
}
