import type { Invariant } from '../story.ts'

/** A change of one source file. */
interface Patch {
  /** Below `packages/`. */
  readonly file: string
  /** Stands in the file exactly once. */
  readonly find: string
  readonly replace: string
}

/** A bug that real systems had, as a change of our sources. */
export interface PlantedBug {
  readonly name: string
  /** The promise that it must break; what else it breaks does not count. */
  readonly invariant: Invariant
  /** The claims (docs/claims.md) that it breaks. */
  readonly claims: readonly number[]
  /** What must come together to see it; more than one: one alone is harmless. */
  readonly needs: readonly string[]
  /** Where such a bug was met, or the rule of docs/protocol.md that it ignores. */
  readonly source: string
  readonly patches: readonly Patch[]
}
