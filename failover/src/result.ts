/** What came of one round. */
export interface RoundResult {
  readonly variant: string
  readonly round: number
  /** Writes that their devices had promised to keep, and of them those that were accepted before the primary died. */
  readonly promised: number
  readonly accepted: number
  /** Accepted writes that the new primary did not have. */
  readonly lacked: number
  /** Accepted writes that their devices had dropped by then, since the partner had called them durable. */
  readonly durable: number
  /** Of them those that the new primary did not have. */
  readonly durableLacked: number
  /** Promised writes that are neither in the final records nor visibly refused. */
  readonly lost: number
  /** Effects of a mutation on a record beyond its first. */
  readonly doubled: number
  /** Writes that are visibly refused. */
  readonly conflicts: number
  /** Records that a device still lists as lost by others. */
  readonly salvage: number
  /** Devices whose records are not the partner's. */
  readonly differing: number
  readonly rollbacks: number
  readonly resyncs: number
  /** From the moment in which traffic was moved until all agree. */
  readonly convergedSeconds: number
  /** The whole round, new standby included. */
  readonly seconds: number
  /** Everything else that should not have been. */
  readonly faults: readonly string[]
}

/** True if every promise held, and the round was one: something was really lacking. */
export function isGood(result: RoundResult): boolean {
  const { lacked, durableLacked, lost, doubled, differing, salvage, faults } = result
  return (
    lacked > 0 &&
    durableLacked === 0 &&
    lost === 0 &&
    doubled === 0 &&
    differing === 0 &&
    salvage === 0 &&
    faults.length === 0
  )
}
