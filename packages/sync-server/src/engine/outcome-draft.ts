import type { JsonObject, Outcome, OutcomeVersion, PartnerRecord, RefusalCode } from 'sync-protocol'
import { type Entry, entryVersion, type StagedChange } from './stage.ts'

/** An outcome before numbers are given. */
export type OutcomeDraft =
  | {
      readonly type: 'accepted'
      readonly merged: boolean
      readonly entries: readonly Entry[]
      readonly last: StagedChange | null
    }
  | ({ readonly type: 'refused' | 'conflict'; readonly entries: readonly Entry[] } & Fault)

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

/** Bytes of partner records that one refused outcome carries at most; further ones are left out. */
const MAX_RECORDS_LENGTH = 1_048_576

/** Completes an outcome when numbers are given. */
export function draftToOutcome(mutationId: string, draft: OutcomeDraft): NumberedOutcome {
  if (draft.type === 'accepted') {
    const { merged, entries, last } = draft
    const versions = entries.map(toOutcomeVersion)
    return {
      outcome: { mutationId, type: 'accepted', duplicate: false, merged, versions },
      lastNumber: last === null ? null : last.number,
    }
  }
  const { type, code, message, path, entries } = draft
  return {
    outcome: { mutationId, type, duplicate: false, code, message, path, records: toPartnerRecords(entries) },
    lastNumber: null,
  }
}

function toOutcomeVersion(entry: Entry): OutcomeVersion {
  return { collection: entry.collection, id: entry.id, version: entryVersion(entry) }
}

function toPartnerRecords(entries: readonly Entry[]): readonly PartnerRecord[] {
  const records: PartnerRecord[] = []
  let length = 0
  for (const entry of entries) {
    const value: JsonObject | null = entry.current?.value ?? null
    length += value === null ? 0 : JSON.stringify(value).length
    if (length > MAX_RECORDS_LENGTH) break
    records.push({ ...toOutcomeVersion(entry), value })
  }
  return records
}
