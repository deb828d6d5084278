import type { Round } from '../round.ts'

const BEFORE = 6
const AFTER = 8

/**
 * A base backup is restored, and somebody who has nothing to do with the past writes more to it than was lost, before the others return:
 * the same numbers stand for other changes now, and other records.
 */
export async function backup(round: Round): Promise<void> {
  const old = [await round.addDevice('ada'), await round.addDevice('ada'), await round.addDevice('ben')]
  await round.begin()
  round.startWriting(old)
  await round.untilAccepted(BEFORE)
  await round.site.backUp()
  await round.untilAccepted(AFTER)
  await round.stopWriting()
  const before = round.ledger.writes.length
  await round.fail(() => round.site.restoreBackup())
  const newcomer = await round.addNode('eve')
  await newcomer.sync()
  // More changes than there ever were.
  while (round.ledger.writes.length < before * 2 + AFTER) await round.write(newcomer)
  await newcomer.sync()
}
