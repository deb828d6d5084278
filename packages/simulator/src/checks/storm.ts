import type { Device } from '../device.ts'
import type { Storm } from '../network.ts'
import { CALM_LIMIT, type World } from '../world.ts'

/** How long a storm lasts, and how often the app's timers wake the engine in it. */
const STORM_SECONDS = 120
const WAKE_SECONDS = 1

/**
 * L4: while every ask is answered 429 or 503 with a wait, a device asks no more often than it is told to, however often it is woken;
 * afterwards it goes on. Counted on the simulated clock. A write waits on the device, so that it always has a reason to ask.
 */
export async function checkStorm(world: World, device: Device): Promise<void> {
  const { chance, story, network, time } = world
  const [context] = device.contexts
  if (context === undefined) return
  const storm: Storm = { status: chance.pick([429, 503] as const), retryAfterSeconds: chance.pick([2, 10, 30]) }
  const before = device.asks
  network.storm = storm
  for (let second = 0; second < STORM_SECONDS; second += WAKE_SECONDS) {
    await world.run(device, context, 'timer', CALM_LIMIT)
    time.leap(WAKE_SECONDS * 1000)
  }
  network.storm = null
  const asks = device.asks - before
  const budget = Math.ceil(STORM_SECONDS / storm.retryAfterSeconds)
  story.count('checked: L4 asks in a storm', asks)
  story.count(`fault: storm of ${storm.status}`)
  if (asks > budget) {
    const what = `${asks} times in ${STORM_SECONDS} s, though told to wait ${storm.retryAfterSeconds} s each time`
    story.fail('L4', `${device.name} asked ${what}`)
  }
  if (asks === 0) story.fail('L4', `${device.name} has a write and did not ask at all`)
}
