import type { SentKey } from 'web-sync-protocol'
import type { World } from '../world.ts'

/** How often a refused request is compared with what is stored before and after it. */
const COMPARED = 0.2

/** S18: watches what the partner does with a request: one that it refuses changes nothing. S14: only a key that it has is served. */
export function watchAnswers(world: World): (body: string, answer: () => Promise<Response>) => Promise<Response> {
  return async (body, answer) => {
    const { chance, scheduler, story } = world
    // A COMMIT of unknown outcome is answered like one that failed.
    if (world.host.isFaulty || scheduler.isRacing || !world.network.isFaulty) return answer()
    const before = chance.happens(COMPARED) ? await fingerprint(world) : null
    const isKnown = await isKeyKnown(world, body)
    const response = await answer()
    if (before !== null && response.status !== 200 && before !== (await fingerprint(world))) {
      story.fail('S18', `a request that was refused with ${response.status} changed what is stored`)
    }
    if (response.status === 200 && !isKnown) story.fail('S14', 'a key that the partner does not have was served')
    return response
  }
}

/** Everything of the partner that a request can change, but for the note that a restore was seen. */
async function fingerprint({ host, devices }: World): Promise<string> {
  const parts: unknown[] = []
  for (const space of new Set(devices.map((device) => device.owner.space))) {
    await host.read(space, async (tx) => {
      const { head, floor, digest } = await tx.getSpace()
      const partnerships = await tx.listPartnerships(null)
      const counts: unknown[] = []
      for (const { partnershipId } of partnerships) {
        const checkpoints = await tx.listCheckpoints(partnershipId)
        counts.push(checkpoints.length, checkpoints.filter((checkpoint) => checkpoint.isPresented).length)
      }
      parts.push(space, head, floor, digest, partnerships, counts)
    })
  }
  return JSON.stringify(parts)
}

/** True for key 0, and for one whose number and tag stand together in the list of checkpoints. */
async function isKeyKnown({ host }: World, body: string): Promise<boolean> {
  const { space, partnershipId, key } = JSON.parse(body) as {
    readonly space: string
    readonly partnershipId: string | null
    readonly key: SentKey
  }
  if (key === 0 || partnershipId === null) return true
  const checkpoints = await host.read(space, (tx) => tx.listCheckpoints(partnershipId))
  return checkpoints.some(({ n, tag }) => n === key.n && tag === key.tag)
}
