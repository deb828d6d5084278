import type { Round } from '../round.ts'

/** Writes that are accepted before and after replication is cut. */
const BEFORE = 6
const AFTER = 8

/** The standby lacks the last accepted exchanges, the primary is killed while everybody writes, the standby is promoted. */
export async function standby(round: Round): Promise<void> {
  for (const account of ['ada', 'ada', 'ben']) await round.addDevice(account)
  await round.begin()
  round.startWriting()
  await round.untilAccepted(BEFORE)
  await round.site.catchUp()
  await round.untilDurable()
  await round.site.cutReplication()
  await round.untilAccepted(AFTER)
  await round.fail(() => round.site.promote())
}
