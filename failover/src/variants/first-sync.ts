import type { Round } from '../round.ts'

const PLACES = 400
const SOME = 60
const AFTER = 6

/** The standby is promoted while one device is in the middle of its first sync, with checkpoints that the standby has and some that it has not. */
export async function firstSync(round: Round): Promise<void> {
  const { partner } = round.server
  const places = Array.from({ length: PLACES }, (_, index) => {
    return { id: `place-${index}`, name: `Place ${index}`, population: index }
  })
  await partner.importRecords(round.space, 'places', places)
  const writers = [await round.addDevice('ada'), await round.addDevice('ben')]
  await round.begin()
  const newcomer = await round.addNode('eve')
  round.ledger.add(await newcomer.insert('written-before-the-first-sync'))
  await newcomer.syncSome(SOME)
  await newcomer.syncSome(SOME)
  round.startWriting(writers)
  await round.untilAccepted(AFTER)
  await round.site.catchUp()
  await round.site.cutReplication()
  await newcomer.syncSome(SOME)
  await newcomer.syncSome(SOME)
  if (!(await newcomer.isPartial())) round.faults.push('the first sync was over before the primary died')
  await round.untilAccepted(AFTER)
  await round.fail(() => round.site.promote())
}
