import type { LocalOp } from 'web-sync/testing'
import { readSeen } from '../checks/seen.ts'
import type { Device } from '../device.ts'
import type { Write } from '../ledger.ts'
import { collectionsOf } from '../schema.ts'
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
  await storeWrite(
    world,
    device,
    mutationId,
    mark,
    Array.from({ length: count }, () => drawOp(world, device, mark)),
  )
}

/** Writes, and notes what was promised. */
export async function storeWrite(
  world: World,
  device: Device,
  mutationId: string,
  mark: string,
  ops: readonly LocalOp[],
): Promise<void> {
  const { chance, story, ledger, time } = world
  const { account, space, name } = device.owner
  const context = chance.pick(device.contexts)
  const isAlone = !world.scheduler.isRacing
  const facts = { mutationId, device: name, account, space, ops, mark, atMs: time.nowMs(), isOrdered: isAlone }
  const write: Write = { ...facts, seen: await readSeen(device, ops) }
  const refusal = await device.write(context, mutationId, ops)
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
  // In a race something else may have happened to it meanwhile.
  if (isAlone) await checkReadBack(world, device, write)
}

/** S8: whichever tab looks sees the write at once. */
async function checkReadBack(world: World, device: Device, write: Write): Promise<void> {
  const { chance, story } = world
  const { store, process, version } = chance.pick(device.contexts)
  const names = new Set(collectionsOf(version))
  const last = write.ops.at(-1)
  if (last === undefined || !names.has(last.collection)) return
  const record = await Promise.race([store.get(last.collection, last.id), process.death.then(() => 'died' as const)])
  if (record === 'died') return device.bury(device.contexts.find((context) => context.process === process) as never)
  const isShown = last.op === 'delete' ? record === undefined : record?.['last'] === write.mark
  if (!isShown) story.fail('S8', `${process.name} does not see ${write.mark.slice(0, 8)} right after it was stored`)
}

function drawOp(world: World, device: Device, mark: string): LocalOp {
  const { chance, names } = world
  const { space } = device.owner
  const collections = collectionsOf(device.version)
  const known = names.filter((name) => name.startsWith(`${space} `))
  const kind = known.length === 0 ? 'insert' : chance.weighted({ insert: 4, patch: 6, put: 0.5, delete: 1 })
  if (kind === 'insert') {
    const id = chance.hex(8)
    const topic = chance.happens(0.03) ? 'forbidden' : chance.pick(['a', 'b', 'c'])
    const odd = world.has('odd values') && chance.happens(0.3) ? { odd: chance.pick(ODD_VALUES) as never } : {}
    const value = { id, topic, home: space, last: mark, marks: { [mark]: true }, ...odd }
    return { op: 'insert', collection: chance.pick(collections), id, value }
  }
  const [collection, id] = chance
    .pick(known)
    .slice(space.length + 1)
    .split('/') as [string, string]
  if (kind === 'delete') return { op: 'delete', collection, id }
  return { op: 'patch', collection, id, value: { last: mark, marks: { [mark]: true } } }
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
