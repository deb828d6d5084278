import type { JsonObject } from 'web-sync-protocol'
import { PackedReader } from 'web-sync/testing'
import type { Device } from '../device.ts'
import type { World } from '../world.ts'
import { readSyncRow } from './base.ts'
import { isTakenBack, marksOf } from './marks.ts'

/** Records by `collection/id`, as the app sees them. */
export async function readDevice(device: Device): Promise<Map<string, JsonObject>> {
  const records = new Map<string, JsonObject>()
  for (const collection of device.collectionsOf(device.contexts.at(-1)?.version ?? device.version)) {
    const result = await device.store.query({ collection })
    for (const value of result.records) records.set(`${collection}/${value['id'] as string}`, value)
  }
  return records
}

/** S1, S13: whatever happened to the device, each write that was acknowledged on it is still known to it. */
export async function checkRemembered(world: World, device: Device): Promise<void> {
  const { ledger, story } = world
  for (const write of ledger.promised()) {
    if (write.device !== device.name || ledger.isForgiven(write.mutationId) || ledger.isFragile(write.mutationId))
      continue
    const stage = await device.store.readStage(write.mutationId)
    if (stage === 'unknown' && !ledger.isBeyondRetention) {
      story.fail(device.resets > 0 ? 'S13' : 'S1', `${device.name} has forgotten ${write.mark.slice(0, 8)}`)
    }
  }
}

/** S16: nothing of another space is here. S6: a mutation of several records is seen as a whole, or not at all. */
export async function checkView(world: World, device: Device): Promise<void> {
  const { ledger, story } = world
  const records = await readDevice(device)
  for (const [name, record] of records) {
    const home = record['home']
    if (home !== undefined && home !== device.owner.space) {
      story.fail('S16', `${device.name} holds ${name} of ${JSON.stringify(home)}`)
    }
  }
  // A mutation that is repeated after its outcome was forgotten is judged anew, and may be refused then.
  const confirmed = ledger.areOutcomesForgotten ? null : await readConfirmed(device)
  if (confirmed === null) return
  for (const write of ledger.all()) {
    if (write.space !== device.owner.space || write.ops.length < 2) continue
    let seen: string | null = null
    let unseen: string | null = null
    for (const [index, op] of write.ops.entries()) {
      const name = `${op.collection}/${op.id}`
      const record = confirmed.get(name)
      if (isTakenBack(write.ops, index)) continue
      if (op.op === 'delete' || record === undefined || ledger.isOverruled(name, write.mark)) continue
      if (ledger.wasCopied(name, write)) continue
      if (marksOf(record).has(write.mark)) seen = name
      else unseen = name
    }
    if (seen !== null && unseen !== null) {
      story.fail('S6', `${device.name} sees ${write.mark.slice(0, 8)} in ${seen}, not in ${unseen}`)
    }
  }
}

/** What the partner has confirmed, at a settled key; null: there is no such key. Above it a pending insert shows itself alone. */
async function readConfirmed(device: Device): Promise<ReadonlyMap<string, JsonObject> | null> {
  const { isSettled, generation } = await readSyncRow(device)
  if (!isSettled) return null
  const rows = await device.disk.rows.read((tx) =>
    new PackedReader(tx).list('base', { range: { lower: [generation], upper: [generation, []] }, limit: 1_000_000 }),
  )
  return new Map(rows.map((row) => [`${row.collection}/${row.id}`, row.value]))
}
