import { isEqualJson, isJsonObject, type JsonObject } from 'web-sync-protocol'
import { PackedReader } from 'web-sync/testing'
import type { Device } from '../device.ts'
import type { Write } from '../ledger.ts'
import { ACCOUNTS } from '../partner-host.ts'
import { policyOf } from '../schema.ts'
import type { World } from '../world.ts'
import { checkBase, readSyncRow } from './base.ts'
import { findDeleted } from './deleted.ts'
import { checkRemembered, checkView, readDevice } from './device.ts'
import { checkLog, checkPartnerSize } from './log.ts'
import { isTakenBack, marksOf } from './marks.ts'
import { judgeCommitted, readKept } from './seen.ts'

/** Records by `collection/id`. */
type Records = ReadonlyMap<string, JsonObject>

/** What must hold when nothing moves any more (docs/invariants.md). Broken promises go into the story. */
export async function checkQuiet(world: World): Promise<void> {
  judgeCommitted(world)
  const refused = await listRefused(world)
  const deleted = await findDeleted(world)
  for (const space of new Set(world.devices.map((device) => device.owner.space))) {
    const truth = new Map(
      (await world.host.listRecords(space)).map((row) => [`${row.collection}/${row.id}`, row.value]),
    )
    for (const device of world.devices.filter(({ owner }) => owner.space === space)) {
      await checkDrained(world, device)
      await checkEqual(world, device, truth)
      await checkBase(world, device)
      await checkView(world, device)
      await checkRemembered(world, device)
      await checkDeviceSize(world, device)
    }
    await checkLog(world, space, refused)
    await checkPartnerSize(world, space)
    await checkOwed(world, space, truth, refused, deleted)
    await checkRefused(world, space, truth, refused)
    checkOrigins(world, space, truth)
    await checkSenders(world, space)
  }
}

/** L1, S2: nothing waits any more. */
async function checkDrained({ story }: World, device: Device): Promise<void> {
  const { counts, isSettled, isResyncing, memory } = await device.store.readSummary()
  if (counts.pending > 0) story.fail('L1', `${device.name} still has ${counts.pending} pending writes`)
  if (!isSettled || isResyncing) story.fail('L1', `${device.name} is not settled`)
  if (memory.halt !== null) story.fail('L1', `${device.name} is halted: ${memory.halt}`)
  if (memory.wait !== null) story.fail('L1', `${device.name} waits: ${memory.wait.reason}`)
}

/** S5: all replicas and the partner hold equal records. */
async function checkEqual({ story }: World, device: Device, truth: Records): Promise<void> {
  const records = await readDevice(device)
  const collections = new Set(device.collectionsOf(device.version))
  for (const [name, value] of truth) {
    if (!collections.has(name.slice(0, name.indexOf('/')))) continue
    const own = records.get(name)
    if (own === undefined) story.fail('S5', `${device.name} lacks ${name}`)
    else if (!isEqualJson(own, value)) story.fail('S5', `${device.name} has another ${name}`)
  }
  for (const name of records.keys())
    if (!truth.has(name)) story.fail('S5', `${device.name} has ${name}, the partner does not`)
}

/** L6: what a device keeps beside its records is bounded, and old generations are gone. */
async function checkDeviceSize({ story }: World, device: Device): Promise<void> {
  const sync = await readSyncRow(device)
  const { undo, base } = await device.disk.rows.read(async (tx) => {
    const generation = { lower: [sync.generation], upper: [sync.generation, []] }
    const packed = new PackedReader(tx)
    const isWhole = (await packed.count('base', null)) === (await packed.count('base', generation))
    return { undo: await tx.count('undo', null), base: isWhole }
  })
  if (!base) story.fail('L6', `${device.name} keeps records of an old generation`)
  if (undo > 128) story.fail('L6', `${device.name} keeps ${undo} steps`)
}

async function listRefused(world: World): Promise<ReadonlyMap<string, string>> {
  const refused = new Map<string, string>()
  for (const device of world.devices)
    for (const { mutationId, code } of await device.store.listRefused()) refused.set(mutationId, code)
  return refused
}

/** Records that a refused mutation names which somebody can see and try again. */
async function listRefusedRecords(world: World): Promise<ReadonlySet<string>> {
  const names = new Set<string>()
  for (const device of world.devices)
    for (const { ops } of await device.store.listRefused())
      for (const { collection, id } of ops) names.add(`${collection}/${id}`)
  return names
}

/** S2, S15: every promised write is on the partner, or visibly refused. S20: what was deleted stays so. */
async function checkOwed(
  world: World,
  space: string,
  truth: Records,
  refused: ReadonlyMap<string, string>,
  deleted: ReadonlySet<string>,
): Promise<void> {
  const { ledger, story } = world
  // A write that the partner accepted, and lost with its history, is another promise than one that it never had.
  const lost = ledger.historiesLost > 0 ? 'S15' : 'S2'
  const onRefused = await listRefusedRecords(world)
  // A deletion waits for the mutation on whose result it was made. If that one was refused in the new history, since it came before
  // what it was made on, nothing ties the deletion to the record's first writer (docs/protocol.md section 7).
  const hasRefusedWriter = (name: string): boolean => ledger.historiesLost > 0 && onRefused.has(name)
  for (const write of ledger.owed()) {
    if (write.space !== space || refused.has(write.mutationId) || ledger.isReused(write.mutationId)) continue
    const short = write.mark.slice(0, 8)
    for (const [index, op] of write.ops.entries()) {
      const name = `${op.collection}/${op.id}`
      const record = truth.get(name)
      if (isTakenBack(write.ops, index)) continue
      if (op.op === 'delete') {
        if (record === undefined || hasRefusedWriter(name) || ledger.wasMadeAnew(name)) continue
        if (ledger.historiesLost > 0 && isKeptByUnseen(write, name, record)) continue
        if (ledger.historiesLost > 0 && (await isMadeOnLost(world, write, name))) continue
        story.fail('S20', `${name} is there though ${short} deleted it`)
      } else if (record === undefined) {
        if (!deleted.has(name) && !ledger.wasDeleted(name)) story.fail(lost, `${name} is lost: ${short} wrote it`)
      } else if (ledger.isOverruled(name, write.mark)) {
        continue
      } else if (!marksOf(record).has(write.mark)) {
        story.fail(lost, `the write ${short} to ${name} is lost`)
      } else if (op.op === 'insert') {
        checkValue(world, name, op.value, record)
      } else if (op.op === 'patch' && policyOf(op.collection) === 'merge' && !isPutToo(write, op)) {
        checkNulls(world, name, op.value, record)
      }
    }
  }
}

/** An edit that a deletion did not know of keeps its record, though after a restore the deletion may come first and wait (section 7). */
function isKeptByUnseen({ sights }: Write, name: string, record: JsonObject): boolean {
  return [...marksOf(record)].some((mark) => sights.get(name)?.has(mark) !== true)
}

/**
 * An edit that the deletion's author saw went with the only device that had it, and the partner
 * never told the author what else had made the record, for the history was lost before the deletion
 * was answered: nobody will ever send what it waits for.
 */
async function isMadeOnLost({ ledger, devices }: World, write: Write, name: string): Promise<boolean> {
  const seen = [...(write.sights.get(name) ?? [])].flatMap((mark) => ledger.get(mark) ?? [])
  if (!seen.some(({ mutationId }) => ledger.isForgiven(mutationId))) return false
  const ops = (await Promise.all(devices.map((device) => readKept(device, write.mutationId)))).flat()
  return !ops.some((op) => op.op === 'delete' && op.mutations !== undefined)
}

/** S19: a value reads back as it was written. */
function checkValue({ story }: World, name: string, written: JsonObject, record: JsonObject): void {
  const { odd } = written
  if (odd !== undefined && (record['odd'] === undefined || !isEqualJson(record['odd'], odd))) {
    story.fail('S19', `${name} does not read back as it was written`)
  }
}

/** The same mutation says as a whole what the record shall be: it takes back what its own patch has set. */
function isPutToo({ ops }: Write, { collection, id }: { readonly collection: string; readonly id: string }): boolean {
  return ops.some((op) => op.op === 'put' && op.collection === collection && op.id === id)
}

/** S19: a field that a person set to null is null, beside those that others have set (decision 0021). */
function checkNulls({ story }: World, name: string, written: JsonObject, record: JsonObject): void {
  const { nulls = {} } = written
  const kept = record['nulls'] ?? {}
  const isKept = isJsonObject(nulls) && isJsonObject(kept) && Object.keys(nulls).every((mark) => kept[mark] === null)
  if (!isKept) story.fail('S19', `${name} has lost a null`)
}

/** S18: what was refused had no effect. S3: what had its effect is not refused when it is repeated. */
async function checkRefused(
  world: World,
  space: string,
  truth: Records,
  refused: ReadonlyMap<string, string>,
): Promise<void> {
  const { ledger, story, host } = world
  // A mutation whose first outcome the partner has forgotten by its age is judged anew when it is repeated.
  if (ledger.isBeyondRetention) return
  for (const write of ledger.owed()) {
    const code = refused.get(write.mutationId)
    // An end of access refuses what waits, whatever became of it. A history that came and went may have answered otherwise.
    if (write.space !== space || code === undefined || code === 'access-ended' || ledger.isReused(write.mutationId))
      continue
    const outcome = await host.outcomeOf(space, write.account, write.mutationId)
    if (outcome === 'accepted' && ledger.historiesLost === 0) {
      story.fail('S3', `${write.mark.slice(0, 8)} was accepted and then refused as ${code}`)
    }
    if (outcome === null || outcome === 'accepted') continue
    for (const op of write.ops) {
      const name = `${op.collection}/${op.id}`
      const record = truth.get(name)
      if (op.op === 'delete' || record === undefined || ledger.wasCopied(name, write)) continue
      if (marksOf(record).has(write.mark)) {
        story.fail('S18', `${write.mark.slice(0, 8)} was refused as ${code}, but ${name} shows it`)
      }
    }
  }
}

/** S4: the partner holds nothing that nobody wrote. S3: an id that was used twice had one effect. S17: nothing of another space. */
function checkOrigins({ story, ledger }: World, space: string, truth: Records): void {
  const effects = new Map<string, Write>()
  for (const [name, record] of truth) {
    for (const mark of marksOf(record)) {
      const write = ledger.get(mark)
      if (write === undefined) {
        story.fail('S4', `nobody wrote ${mark} to ${name}`)
        continue
      }
      if (write.space !== space) story.fail('S17', `${mark.slice(0, 8)} of ${write.space} is in ${space}`)
      if (ledger.wasCopiedOfReused(name, write)) continue
      const other = effects.get(write.mutationId)
      if (other !== undefined && other.mark !== mark && !ledger.isBeyondRetention)
        story.fail('S3', `both contents of ${write.mutationId} took effect`)
      effects.set(write.mutationId, write)
    }
  }
}

/** S23: nothing of an outbox was sent as somebody else. */
async function checkSenders({ story, ledger, host }: World, space: string): Promise<void> {
  for (const write of ledger.all()) {
    if (write.space !== space) continue
    const other = ACCOUNTS.find((name) => name !== write.account) ?? write.account
    if ((await host.outcomeOf(space, other, write.mutationId)) !== null) {
      story.fail('S23', `${write.mark.slice(0, 8)} of ${write.account} was sent as ${other}`)
    }
  }
}
