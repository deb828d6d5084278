import type { JsonObject } from 'web-sync-protocol'
import type { LocalOp } from 'web-sync/testing'
import { marksOf } from '../checks/marks.ts'
import { readSeen, readSights, readWaiting, widenSights } from '../checks/seen.ts'
import type { Context, Device } from '../device.ts'
import type { Write } from '../ledger.ts'
import type { World } from '../world.ts'

/** Values that layers disagree about; all of them are allowed. */
const ODD_VALUES: readonly unknown[] = [
  'é ≠ é · 👩‍👩‍👧 · \u2028',
  // By JSON, since only a parser makes `__proto__` a field and nobody warns of a harmless `then`.
  JSON.parse('{"__proto__":"x","constructor":1,"then":null,"length":[]}'),
  [1e308, -1e-308, 9_007_199_254_740_991, 0.1, [[[[[]]]]], ''],
  '\u0001\u001f"\\',
]

/** Values that must be refused where they are written. */
const BAD_VALUES: readonly unknown[] = [
  '\ud800',
  'a\u0000b',
  Number.NaN,
  Infinity,
  10n,
  new Date(0),
  [undefined],
  new Map(),
]

/** A drawn write on a drawn device. */
export async function writeSomewhere(world: World): Promise<void> {
  await writeOn(world, world.chance.pick(world.devices))
}

/** A drawn write on this device. */
export async function writeOn(world: World, device: Device, mutationId: string = world.chance.uuid()): Promise<void> {
  const { chance, ledger } = world
  if (world.has('odd values') && chance.happens(0.1)) return writeBadValue(world, device)
  const count = chance.happens(0.25) ? 2 + chance.integer(4) : 1
  const isReuse = [...ledger.all()].some((write) => write.mutationId === mutationId)
  const mark = isReuse ? `${mutationId}-again` : mutationId
  const ops: LocalOp[] = []
  for (let index = 0; index < count; index += 1) ops.push(await drawOp(world, device, mark))
  await storeWrite(world, device, mutationId, mark, ops)
}

/** Writes, and notes what was promised. */
export async function storeWrite(
  world: World,
  device: Device,
  mutationId: string,
  mark: string,
  ops: readonly LocalOp[],
): Promise<void> {
  const { story, ledger, time } = world
  const { account, space, name } = device.owner
  const context = pickContext(world, device)
  if (context === null) return
  const isAlone = !world.scheduler.isRacing
  const facts = { mutationId, device: name, account, space, ops, mark, atMs: time.nowMs(), isOrdered: isAlone }
  const before = await readSights(world, device, ops)
  ledger.begin(name, mark)
  const refusal = await device.write(context, mutationId, ops)
  const isExact = isAlone || before.size === 0
  const write: Write = { ...facts, sights: isExact ? before : await widenSights(world, device, before) }
  const what = ops.map((op) => `${op.op} ${op.collection}/${op.id}`).join(', ')
  story.tell(`${context.process.name}: ${mark.slice(0, 8)} ${what}: ${refusal ?? 'stored'}`)
  story.count(refusal === null ? 'writes' : `write refused locally: ${refusal}`)
  if (refusal === 'died') {
    ledger.note(write)
    await device.bury(context)
  }
  if (refusal !== null) return
  if (context.version < device.version) story.fail('S22', `${context.process.name}: old code has written a newer store`)
  ledger.promise(write)
  for (const op of ops) if (op.op === 'insert') world.names.push(`${space} ${op.collection}/${op.id}`)
  if (ops.length > 1) await notePutsMadeAnew(world, device, write)
  // In a race something else may have happened to it meanwhile.
  if (isAlone) await checkReadBack(world, device, write)
}

/** A drawn process; null: in a race, the last one has died and the next has not opened the store yet. */
function pickContext({ chance }: World, device: Device): Context | null {
  return device.contexts.length === 0 ? null : chance.pick(device.contexts)
}

/** Only what waits says whether a put found a record: the same mutation may have deleted it. */
async function notePutsMadeAnew({ ledger }: World, device: Device, { mutationId, ops }: Write): Promise<void> {
  if (!ops.some(({ op }) => op === 'put')) return
  for (const op of await readWaiting(device, mutationId))
    if (op.op === 'put' && op.base === null && op.baseMutation === undefined)
      ledger.noteMadeAnew(`${op.collection}/${op.id}`)
}

/** S8: whichever tab looks sees the write at once. */
async function checkReadBack(world: World, device: Device, write: Write): Promise<void> {
  const { chance, story } = world
  const { store, process, version } = chance.pick(device.contexts)
  const names = new Set(device.collectionsOf(version))
  const last = write.ops.at(-1)
  if (last === undefined || !names.has(last.collection)) return
  const record = await Promise.race([store.get(last.collection, last.id), process.death.then(() => 'died' as const)])
  if (record === 'died') return device.bury(device.contexts.find((context) => context.process === process) as never)
  const isShown = last.op === 'delete' ? record === undefined : record?.['last'] === write.mark
  if (!isShown) story.fail('S8', `${process.name} does not see ${write.mark.slice(0, 8)} right after it was stored`)
}

async function drawOp(world: World, device: Device, mark: string): Promise<LocalOp> {
  const { chance, names } = world
  const { space } = device.owner
  const collections = device.collectionsOf(device.version)
  const known = names.filter((name) => name.startsWith(`${space} `))
  const kind =
    known.length === 0
      ? 'insert'
      : chance.weighted({ insert: 4, patch: 6, put: world.has('policies') ? 2 : 0.5, delete: 1 })
  if (kind === 'insert') {
    const id = chance.hex(8)
    const topic = chance.happens(0.03) ? 'forbidden' : chance.pick(['a', 'b', 'c'])
    const odd = world.has('odd values') && chance.happens(0.3) ? { odd: chance.pick(ODD_VALUES) as never } : {}
    // There from the beginning: who removes the whole field takes away what others set in it meanwhile, as everywhere.
    const nulls = world.has('nulls') ? { nulls: {} } : {}
    const value = { id, topic, home: space, last: mark, marks: { [mark]: true }, ...odd, ...nulls }
    return { op: 'insert', collection: chance.pick(collections), id, value }
  }
  const [collection, id] = chance
    .pick(known)
    .slice(space.length + 1)
    .split('/') as [string, string]
  if (kind === 'delete') return { op: 'delete', collection, id }
  // In a race another tab may write between the look and the put: whoever says what a record shall be takes that away, and wants to.
  const isWhole = kind === 'put' && world.has('policies') && !world.scheduler.isRacing
  const seen = isWhole ? await readSeen(device, collection, id) : null
  if (seen !== null) return { op: 'put', collection, id, value: withMark(world, seen, mark) }
  const nulls = world.has('nulls') ? { nulls: { [mark]: null } } : {}
  return { op: 'patch', collection, id, value: { last: mark, marks: { [mark]: true }, ...nulls } }
}

/** The whole record as it is seen, with one more mark; now and then its topic moves on. */
function withMark({ chance }: World, seen: JsonObject, mark: string): JsonObject {
  const marks = [...marksOf(seen), mark].map((one) => [one, true] as const)
  const moved = chance.happens(0.3) ? { topic: chance.pick(['a', 'b', 'c']) } : {}
  return { ...seen, ...moved, last: mark, marks: Object.fromEntries(marks) }
}

/** S19: a value that not all layers keep is refused at once, with its path, and nothing is stored. */
async function writeBadValue(world: World, device: Device): Promise<void> {
  const { chance, story } = world
  const id = chance.hex(8)
  const bad = chance.pick(BAD_VALUES)
  const context = device.contexts.at(-1)
  if (context === undefined || context.process.isWatched) return
  const before = await context.store.readSummary()
  const value = { id, marks: {}, deep: { bad } } as never
  const refusal = await device.write(context, chance.uuid(), [{ op: 'insert', collection: 'notes', id, value }])
  const after = await context.store.readSummary()
  if (refusal !== 'invalid-value') story.fail('S19', `a value that cannot be kept was answered ${refusal ?? 'stored'}`)
  if (before.counts.pending !== after.counts.pending) story.fail('S19', 'a refused write left something behind')
}
