import type { PartnerEvent } from 'web-sync-server/browser'
import type { World } from '../world.ts'

/** What the partner says of each exchange, counted; S17: nothing was accepted of an account that may not write there. */
export function checkSpaceEvents(world: World): (event: PartnerEvent) => void {
  const { story, host } = world
  return (event) => {
    if (event.type !== 'exchange') return
    story.count(`case ${event.case ?? 'none'}`)
    if (event.problem !== null) story.count(`problem ${event.problem}`)
    if (event.mutations.duplicate > 0) story.count('sometimes: duplicate answered', event.mutations.duplicate)
    if (event.mutations.refused > 0) story.count('sometimes: mutation refused', event.mutations.refused)
    if (event.mutations.later > 0) story.count('sometimes: mutation put off', event.mutations.later)
    const { account, space, mutations } = event
    // In a race the right may have changed since it was asked for.
    if (mutations.accepted > 0 && !world.scheduler.isRacing && host.accessOf(account, space) !== 'write') {
      story.fail('S17', `${account} has written in ${space} without the right to`)
    }
  }
}
