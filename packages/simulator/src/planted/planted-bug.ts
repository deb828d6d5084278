import type { Invariant } from '../story.ts'
import type { FaultClass } from '../swarm.ts'

/** A change of one source file. */
export interface Patch {
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
  /** What happens where it is seen, in words. */
  readonly needs: readonly string[]
  /**
   * Two classes of faults that must come together: it is hunted for in worlds with just these two, and the same seeds in worlds with
   * just one of them must be clean. None: it is hunted for in worlds whose classes are drawn.
   */
  readonly together?: readonly [FaultClass, FaultClass]
  /** It is hunted for in worlds with just these classes. Default: as `together` says. */
  readonly worlds?: readonly FaultClass[]
  /** Where such a bug was met, or the rule of docs/protocol.md that it ignores. */
  readonly source: string
  readonly patches: readonly Patch[]
}
