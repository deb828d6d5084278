import { isSameKey, keyNumber, type SyncKey } from 'web-sync-protocol'
import { GroupedRows } from 'web-sync/testing'
import type { Owner } from '../device.ts'
import type { RowWriter, SyncRow } from '../disk.ts'
import { issuedName } from '../partner-disk.ts'
import type { World } from '../world.ts'
import { checkBaseRows } from './base.ts'

/**
 * S9, S21: in each single transaction the key moves to the child of the key before it, back to an older own checkpoint, or to a new
 * beginning; and nobody but the partner makes keys. S12: after a step back the base is what it was at that key.
 */
export async function checkKeyMove(
  world: Pick<World, 'story' | 'host'>,
  owner: Owner,
  before: SyncRow | undefined,
  after: SyncRow | undefined,
  tx: RowWriter,
): Promise<void> {
  const { story, host } = world
  const { name } = owner
  if (before === undefined || after === undefined) return
  if (before.resync === null && after.resync !== null && (await hasPending(tx))) {
    story.count('sometimes: resync with pending writes')
  }
  const { syncKey, partnershipId } = after
  if (before.partnershipId === partnershipId && isSameKey(before.syncKey, syncKey)) return
  if (syncKey === 0 || partnershipId === null) {
    if (syncKey !== 0 || partnershipId !== null) story.fail('S9', `${name}: a key without a partnership`)
    return
  }
  const issued = host.issued.get(issuedName(partnershipId, syncKey))
  const move = `${name}: ${describe(before.syncKey)} → ${describe(syncKey)}`
  if (issued === undefined) return story.fail('S9', `${move}: nobody issued this key`)
  // A flip leads into a generation of its own; a step back has a smaller step.
  if (after.generation !== before.generation) return
  if (after.step < before.step) return checkBaseRows(world, owner, after, tx, 'S12')
  const isFork = before.partnershipId !== partnershipId && issued.parentTag === null
  if (!isFork && issued.parentTag !== tagOf(before.syncKey)) {
    return story.fail('S21', `${move}: an answer to another key was applied`)
  }
  if (syncKey.n !== keyNumber(before.syncKey) + 1) story.fail('S9', `${move}: not the next number`)
}

/** True if mutations wait for the partner. */
async function hasPending(tx: RowWriter): Promise<boolean> {
  return (await (await new GroupedRows().begin(tx)).count('outbox', null)) > 0
}

function tagOf(key: 0 | SyncKey): string | null {
  return key === 0 ? null : key.tag
}

function describe(key: 0 | SyncKey): string {
  return key === 0 ? '0' : `${key.n} ${key.tag.slice(0, 4)}`
}
