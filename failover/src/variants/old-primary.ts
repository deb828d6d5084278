import type { Round } from '../round.ts'

const BEFORE = 6
const AFTER = 8

/**
 * After a promotion the old primary comes back, and before it is fenced some exchanges reach it: two histories that both go on. Then it is
 * fenced (it follows the new one, and answers no exchange), and traffic is where it belongs.
 */
export async function oldPrimary(round: Round): Promise<void> {
  const { site } = round
  const devices = [await round.addDevice('ada'), await round.addDevice('ada'), await round.addDevice('ben')]
  await round.begin()
  round.startWriting()
  await round.untilAccepted(BEFORE)
  await site.catchUp()
  await round.untilDurable()
  await site.cutReplication()
  await round.untilAccepted(AFTER)
  await round.fail(() => site.promote())
  await round.untilAccepted(BEFORE)
  await round.stopWriting()
  await site.reviveOldPrimary()
  await round.moveTraffic()
  for (const device of devices) {
    await round.write(device)
    await device.sync()
  }
  await round.server.drop()
  await site.fenceOldPrimary()
  await round.moveTraffic()
  const forgotten = await site.openStandby()
  if (forgotten === null) return
  if (await forgotten.isPrimary()) round.faults.push('the fenced primary takes itself for one')
  await forgotten.close()
}
