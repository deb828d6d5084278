import {
  collection,
  type CollectionsByName,
  type ConflictPolicy,
  defineSchema,
  type JsonObject,
  type ResolveConflict,
  type Schema,
} from 'web-sync-protocol'
import { marksOf } from './checks/marks.ts'

/** Both sides of a conflict, as the app's function gets them. */
type Conflict = Parameters<ResolveConflict>[0]

/** Which schemas there are in a world. */
export interface SchemaChoice {
  /** True: also collections of the policies that do not merge, and with a conflict function. */
  readonly hasPolicies: boolean
}

/** Two collections, so that a mutation can span them; marks merge (see Ledger). */
const first = {
  notes: collection(null, { indexes: { byTopic: ['topic'] } }),
  visits: collection(null),
}

const second = {
  notes: collection(null, { indexes: { byTopic: ['topic'], byLast: ['last'] } }),
  visits: collection(null),
  tags: collection(null),
}

/** The schema of a version: the next one has another collection and another index. */
export function schemaOf(version: 1 | 2, choice: SchemaChoice): Schema {
  return makeSchema(version, version === 1 ? first : second, choice)
}

/** As the partner has it: the newer one from the beginning. `onResolve`: called where the app's conflict function is; may throw. */
export function partnerSchema(choice: SchemaChoice, onResolve: () => void): Schema {
  return makeSchema(2, second, choice, (both) => {
    onResolve()
    return uniteMarks(both)
  })
}

function makeSchema(
  version: 1 | 2,
  merging: CollectionsByName,
  { hasPolicies }: SchemaChoice,
  resolve: ResolveConflict = uniteMarks,
): Schema {
  const deciding: CollectionsByName = {
    boards: collection(null, { conflict: 'partnerWins' }),
    flags: collection(null, { conflict: 'initiatorWins' }),
    lists: collection(null, { conflict: resolve }),
  }
  return defineSchema({
    app: 'simulator',
    version,
    collections: hasPolicies ? { ...merging, ...deciding } : merging,
  })
}

/** All collections that there are in any world. */
const newest: Schema = schemaOf(2, { hasPolicies: true })

/** Names of {@link newest}. */
export const COLLECTIONS: readonly string[] = Object.keys(newest.collections)

/** What is done about conflicts in a collection. */
export function policyOf(name: string): ConflictPolicy | ResolveConflict {
  return newest.collections[name]?.conflict ?? 'merge'
}

/** The app's conflict function: both edits stay, but topic `c` does not come back where it has moved on to `b`. */
function uniteMarks({ current, proposed }: Conflict): JsonObject | null {
  if (current['topic'] === 'b' && proposed['topic'] === 'c') return null
  const marks = [...marksOf(current), ...marksOf(proposed)].map((mark) => [mark, true] as const)
  return { ...proposed, marks: Object.fromEntries(marks) }
}
