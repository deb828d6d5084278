import { isEqualJson, isJsonObject, type JsonObject } from 'sync-protocol'
import type { Device } from './device.ts'
import { ACCOUNTS, SPACE } from './partner-host.ts'
import { COLLECTIONS } from './schema.ts'
import type { World } from './world.ts'

/** Records by `collection/id`. */
type Records = ReadonlyMap<string, JsonObject>

/** What must hold when nothing moves any more (docs/invariants.md). Broken promises go into the story. */
export async function checkQuiet(world: World): Promise<void> {
  const [first] = world.devices
  if (first === undefined) return
  const truth = await readPartner(world)
  for (const device of world.devices) {
    await checkDrained(world, device)
    await checkEqual(world, device, truth)
  }
  await checkOwed(world, truth)
  checkOrigins(world, truth)
}

async function readPartner(world: World): Promise<Records> {
  const records = new Map<string, JsonObject>()
  for (const record of await world.host.listRecords(SPACE))
    records.set(`${record.collection}/${record.id}`, record.value)
  return records
}

async function readDevice(device: Device): Promise<Records> {
  const records = new Map<string, JsonObject>()
  for (const collection of COLLECTIONS) {
    const result = await device.store.query({ collection })
    for (const value of result.records) records.set(`${collection}/${String(value['id'])}`, value)
  }
  return records
}

/** L1, S2: nothing waits any more. */
async function checkDrained({ story }: World, device: Device): Promise<void> {
  const { counts, isSettled, memory } = await device.store.readSummary()
  if (counts.pending > 0) story.fail(`L1: ${device.name} still has ${counts.pending} pending writes`)
  if (!isSettled) story.fail(`L1: ${device.name} is not settled`)
  if (memory.halt !== null) story.fail(`L1: ${device.name} is halted: ${memory.halt}`)
  if (memory.wait !== null) story.fail(`L1: ${device.name} waits: ${memory.wait.reason}`)
}

/** S5: all replicas and the partner hold equal records. */
async function checkEqual({ story }: World, device: Device, truth: Records): Promise<void> {
  const records = await readDevice(device)
  for (const [name, value] of truth) {
    const own = records.get(name)
    if (own === undefined) story.fail(`S5: ${device.name} lacks ${name}`)
    else if (!isEqualJson(own, value)) story.fail(`S5: ${device.name} has another ${name}`)
  }
  for (const name of records.keys())
    if (!truth.has(name)) story.fail(`S5: ${device.name} has ${name}, the partner does not`)
}

/** S2, S15: every promised write is on the partner, or visibly refused. */
async function checkOwed(world: World, truth: Records): Promise<void> {
  const refused = new Set<string>()
  for (const device of world.devices)
    for (const entry of await device.store.listRefused()) refused.add(entry.mutationId)
  const owed = world.ledger.owed()
  const deleted = await findDeleted(world)
  for (const write of owed) {
    if (refused.has(write.mutationId)) continue
    for (const op of write.ops) {
      const name = `${op.collection}/${op.id}`
      const record = truth.get(name)
      const short = write.mutationId.slice(0, 8)
      if (op.op === 'delete') {
        if (record !== undefined) world.story.fail(`S20: ${name} is there though ${short} deleted it`)
      } else if (record === undefined) {
        if (!deleted.has(name)) world.story.fail(`S2: ${name} is lost: ${short} wrote it`)
      } else if (!marksOf(record).has(write.mutationId)) {
        world.story.fail(`S2: the write ${short} to ${name} is lost`)
      }
    }
  }
}

/** Records that a write deleted in the history that the partner has now, whether its author still knows of it or not. */
async function findDeleted({ host, ledger }: World): Promise<Set<string>> {
  const deleted = new Set<string>()
  for (const write of ledger.all()) {
    const deletes = write.ops.filter((op) => op.op === 'delete')
    if (deletes.length === 0 || !(await host.isAccepted(ACCOUNTS, write.mutationId))) continue
    for (const op of deletes) deleted.add(`${op.collection}/${op.id}`)
  }
  return deleted
}

/** S4: the partner holds nothing that nobody wrote. */
function checkOrigins({ story, ledger }: World, truth: Records): void {
  for (const [name, record] of truth) {
    for (const mark of marksOf(record)) if (!ledger.has(mark)) story.fail(`S4: nobody wrote ${mark} to ${name}`)
  }
}

function marksOf(record: JsonObject): Set<string> {
  const marks = record['marks']
  return new Set(marks !== undefined && isJsonObject(marks) ? Object.keys(marks) : [])
}
