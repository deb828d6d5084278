import { isEqualJson, keyNumber } from 'web-sync-protocol'
import { anyBytes } from 'web-sync-server/browser'
import { PackedReader } from 'web-sync/testing'
import type { Device, Owner } from '../device.ts'
import type { RowReader, SyncRow } from '../disk.ts'
import type { PartnerHost } from '../partner-host.ts'
import type { Invariant } from '../story.ts'
import type { World } from '../world.ts'

/** The row that says where a device's store is. */
export async function readSyncRow(device: Device): Promise<SyncRow> {
  return device.disk.rows.read(async (tx) => (await tx.get('meta', 'sync')) as SyncRow)
}

/**
 * S11: at a settled key the base is exactly the partner's state at the key's cut, record for record, version for version.
 */
export async function checkBase(world: World, device: Device): Promise<void> {
  await device.disk.rows.read(async (tx) => {
    const sync = (await tx.get('meta', 'sync')) as SyncRow
    await checkBaseRows(world, device.owner, sync, tx, 'S11')
  })
}

/**
 * Compares base with the partner's state at the cut of the key. The state is computed from the partner's records and its log backwards,
 * by other code than what made the pages.
 */
export async function checkBaseRows(
  { host, story }: Pick<World, 'host' | 'story'>,
  owner: Owner,
  sync: SyncRow,
  tx: RowReader,
  invariant: Invariant,
): Promise<void> {
  const truth = await readState(host, owner.space, sync)
  if (truth === null) return
  story.count(`checked: ${invariant} base at a key`)
  const rows = await new PackedReader(tx).list('base', {
    range: { lower: [sync.generation], upper: [sync.generation, []] },
    limit: 1_000_000,
  })
  const at = `${owner.name} at ${keyNumber(sync.syncKey)}`
  for (const row of rows) {
    const name = `${row.collection}/${row.id}`
    const expected = truth.get(name)
    truth.delete(name)
    if (expected === undefined) story.fail(invariant, `${at}: ${name} is not in the partner’s state`)
    else if (expected.version !== row.version) story.fail(invariant, `${at}: ${name} has another version`)
    else if (expected.value !== null && !isEqualJson(JSON.parse(expected.value), row.value)) {
      story.fail(invariant, `${at}: ${name} has another value`)
    }
  }
  for (const name of truth.keys()) story.fail(invariant, `${at}: ${name} is missing`)
}

/** Records of the partner at the cut of a settled key; the value is not known of those that changed since. Null: it cannot be known. */
async function readState(
  host: PartnerHost,
  space: string,
  { syncKey, partnershipId, isSettled, collections }: SyncRow,
): Promise<Map<string, { readonly version: string; readonly value: string | null }> | null> {
  if (!isSettled || syncKey === 0 || partnershipId === null) return null
  return host.read(space, async (tx) => {
    const checkpoint = await tx.getCheckpoint(partnershipId, syncKey.n, syncKey.tag)
    const { head, floor } = await tx.getSpace()
    if (checkpoint === null || checkpoint.cut < floor) return null
    const records = new Map<string, { readonly version: string; readonly value: string | null }>()
    for (const collection of collections) {
      for (const row of await tx.listRecords(collection, null, anyBytes(1_000_000))) {
        records.set(`${collection}/${row.id}`, { version: row.version, value: row.value })
      }
    }
    const log = await tx.listLog(checkpoint.cut, head, anyBytes(1_000_000))
    for (const row of log.toReversed()) {
      if (!collections.includes(row.collection)) continue
      const name = `${row.collection}/${row.id}`
      if (row.previousVersion === null) records.delete(name)
      else records.set(name, { version: row.previousVersion, value: null })
    }
    return records
  })
}

/** S10: without restores, power loss and evictions the partner keeps the initiator's key, and it lies between presented and issued. */
export async function checkKept(world: World, device: Device): Promise<void> {
  if (device.isKeyDoubtful || world.isHistoryDoubtful) return
  const { syncKey, partnershipId } = await readSyncRow(device)
  if (syncKey === 0 || partnershipId === null) return
  await world.host.read(device.owner.space, async (tx) => {
    const at = `${device.name} at ${syncKey.n}`
    if ((await tx.getCheckpoint(partnershipId, syncKey.n, syncKey.tag)) === null) {
      return world.story.fail('S10', `${at}: the partner has not kept the key`)
    }
    const presented = await tx.getNewestPresented(partnershipId)
    const issued = await tx.getNewestIssued(partnershipId)
    if ((presented?.n ?? 0) > syncKey.n) world.story.fail('S10', `${at}: a newer key was presented`)
    if ((issued?.n ?? 0) < syncKey.n) world.story.fail('S10', `${at}: no such key was issued`)
  })
}
