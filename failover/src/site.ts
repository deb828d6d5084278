import type { PartnerStorage } from 'web-sync-server'

/** What takes the primary's place in a round; only what it has may be called durable. */
export type Refuge = 'standby' | 'backup'

/**
 * Where the partner's data lives: a primary, a standby that follows it asynchronously, and a backup. What is killed loses nothing that it
 * had committed; what takes its place has what had reached it.
 */
export interface Site {
  /** A storage on whatever is the primary now. Closed by the partner that uses it. */
  openStorage(): Promise<PartnerStorage>
  /** Resolves when the standby has everything that is committed now. */
  catchUp(): Promise<void>
  /** From now on nothing reaches the standby. */
  cutReplication(): Promise<void>
  /** Takes a base backup of the primary as it is, beside the one of before. */
  backUp(): Promise<void>
  /** SIGKILL: the primary and all its processes. */
  killPrimary(): Promise<void>
  /** The standby becomes the primary, and traffic goes there. */
  promote(): Promise<void>
  /** The last base backup becomes the primary, and traffic goes there. The primary must be dead. */
  restoreBackup(): Promise<void>
  /** The dead primary comes back as it was: with what nobody else has, and without having heard of its successor. Traffic goes there. */
  reviveOldPrimary(): Promise<void>
  /** The old primary is fenced: it follows the new one, and traffic goes to the new one again. */
  fenceOldPrimary(): Promise<void>
  /** There is a primary with a standby that follows it; called before each round. */
  makeWhole(refuge: Refuge): Promise<void>
  /** A storage on the standby, as a server that was forgotten in the move would have it. Null: this site cannot tell. */
  openStandby(): Promise<PartnerStorage | null>
  close(): Promise<void>
}
