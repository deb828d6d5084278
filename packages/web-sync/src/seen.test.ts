import { collection, defineSchema, type JsonObject } from 'web-sync-protocol'
import { expect, test } from 'vitest'
import type { LocalOp } from './contract/index.ts'
import { type Member, Team } from './members.fixture.ts'

/** Keeps the tags of both sides, so that no tag is ever lost. */
const union = ({ current, proposed }: { readonly current: JsonObject; readonly proposed: JsonObject }): JsonObject => ({
  ...proposed,
  tags: [...new Set([...(current['tags'] as string[]), ...(proposed['tags'] as string[])])].toSorted(),
})
const schema = defineSchema({
  app: 'test',
  version: 1,
  collections: { notes: collection(null), tagged: collection(null, { conflict: union }) },
})

const insert = (value: JsonObject, name = 'notes'): LocalOp => ({
  op: 'insert',
  collection: name,
  id: 'r',
  value: { id: 'r', ...value },
})
const put = (value: JsonObject, name = 'notes'): LocalOp => ({
  op: 'put',
  collection: name,
  id: 'r',
  value: { id: 'r', ...value },
})
const patch = (value: JsonObject): LocalOp => ({ op: 'patch', collection: 'notes', id: 'r', value })
const remove: LocalOp = { op: 'delete', collection: 'notes', id: 'r' }

/** Two members who have a record. */
async function begin(value: LocalOp): Promise<{ readonly team: Team; readonly ann: Member; readonly ben: Member }> {
  const team = new Team(schema)
  const [ann, ben] = [await team.join('ann'), await team.join('ben')]
  await ann.write(value)
  await ann.sync()
  await ben.sync()
  return { team, ann, ben }
}

/** Ann writes offline; ben’s edit is accepted meanwhile. */
async function writeOffline(ops: readonly LocalOp[], edit: LocalOp, first = insert({ size: 1 })) {
  const members = await begin(first)
  for (const op of ops) await members.ann.write(op)
  await members.ben.write(edit)
  await members.ben.sync()
  await members.ann.sync()
  return members
}

test('a deletion alone, offline, over a colleague’s edit is refused, and the edit stays', async () => {
  const { team, ann } = await writeOffline([remove], patch({ note: 'precious' }))
  expect(await team.read('notes', 'r')).toEqual({ id: 'r', size: 1, note: 'precious' })
  expect(await ann.refusals()).toEqual(['record-changed'])
})

test('an own edit of another field before it, however many, proves nothing', async () => {
  for (const edits of [[patch({ size: 2 })], [patch({ size: 2 }), put({ size: 3 }), patch({ more: 4 })]]) {
    const { team, ann } = await writeOffline([...edits, remove], patch({ note: 'precious' }))
    expect(await team.read('notes', 'r')).toMatchObject({ note: 'precious' })
    expect(await ann.refusals()).toEqual(['record-changed'])
  }
})

test('a whole record after an own edit leaves a colleague’s field as it is', async () => {
  const { team, ann } = await writeOffline(
    [patch({ size: 2 }), put({ size: 2, due: null })],
    patch({ note: 'precious' }),
  )
  expect(await team.read('notes', 'r')).toMatchObject({ note: 'precious' })
  // Refused or merged; if refused, its author sees it.
  const stays = (await team.read('notes', 'r'))?.['due'] === null
  expect(stays || (await ann.refusals()).includes('record-changed')).toBe(true)
})

test('a conflict function is asked by each of two whole records, also across two asks', async () => {
  for (const isSplit of [false, true]) {
    const { team, ann, ben } = await begin(insert({ tags: ['x'] }, 'tagged'))
    await ann.write(put({ tags: ['x', 'ann1'] }, 'tagged'))
    await ann.write(put({ tags: ['x', 'ann1', 'ann2'] }, 'tagged'))
    await ben.write(put({ tags: ['x', 'ben'] }, 'tagged'))
    await ben.sync()
    await ann.sync()
    if (isSplit) await ann.sync()
    expect((await team.read('tagged', 'r'))?.['tags']).toEqual(['ann1', 'ann2', 'ben', 'x'])
    expect(await ann.refusals()).toEqual([])
  }
})

test('whoever has seen the merged record deletes it, though an own edit is still on its way', async () => {
  const { team, ann, ben } = await begin(insert({ size: 1 }))
  await ann.write(patch({ size: 2 }))
  await ben.write(patch({ note: 'b' }))
  await ben.sync()
  await ann.sync()
  await ann.write(patch({ size: 3 }))
  await ann.write(remove)
  await ann.sync()
  expect(await team.read('notes', 'r')).toBeNull()
  expect(await ann.refusals()).toEqual([])
})

test('alone, offline, everything is as it was seen: edits that change nothing, a deletion, the record made again', async () => {
  const { team, ann } = await begin(insert({ size: 1 }))
  for (const op of [
    patch({ size: 2 }),
    put({ size: 2 }),
    remove,
    insert({ size: 5 }),
    put({ size: 5 }),
    patch({ more: 6 }),
  ]) {
    await ann.write(op)
  }
  await ann.sync()
  expect(await team.read('notes', 'r')).toEqual({ id: 'r', size: 5, more: 6 })
  expect(await ann.refusals()).toEqual([])
})

test('after a restore a colleague’s edit that is replayed first stays, and the deletion is told', async () => {
  const { team, ann, ben } = await begin(insert({ size: 1 }))
  const backup = team.backUp()
  await ann.write(patch({ size: 2 }))
  await ann.sync()
  await ann.write(remove)
  await ben.sync()
  await ben.write(patch({ note: 'precious' }))
  await ben.sync()
  team.restore(backup)
  await ben.sync()
  await ann.sync()
  expect(await team.read('notes', 'r')).toEqual({ id: 'r', size: 2, note: 'precious' })
  expect(await ann.refusals()).toEqual(['record-changed'])
})

test('after a restore a deletion that is replayed first takes what it has seen; a later edit of it is told', async () => {
  const { team, ann, ben } = await begin(insert({ size: 1 }))
  const backup = team.backUp()
  await ann.write(patch({ size: 2 }))
  await ann.sync()
  await ann.write(remove)
  await ben.sync()
  await ben.write(patch({ note: 'precious' }))
  await ben.sync()
  team.restore(backup)
  await ann.sync()
  await ben.sync()
  expect(await team.read('notes', 'r')).toBeNull()
  expect(await ben.refusals()).toEqual(['record-deleted'])
})

const KEPT = { size: 1, title: 'kept' }
const WHOLE = { size: 2, title: 'kept' }

/** Ann’s put is refused: the record was deleted meanwhile. */
async function refusedPut() {
  const { team, ann, ben } = await begin(insert(KEPT))
  await ann.write(put(WHOLE))
  await ben.write(remove)
  await ben.sync()
  return { team, ann, ben }
}
const listed = async (member: Member) => (await (await member.open()).listRefused()).map(({ ops }) => ops[0])

test('the list of what was refused shows a put whole, also after a reload, and a retry makes the record again', async () => {
  const { team, ann } = await refusedPut()
  await ann.sync()
  expect(await listed(ann)).toMatchObject([{ op: 'put', id: 'r', value: { id: 'r', ...WHOLE } }])
  const store = await ann.open()
  const [entry] = await store.listRefused()
  await store.retry(entry?.mutationId ?? '', crypto.randomUUID())
  await ann.sync()
  expect(await team.read('notes', 'r')).toEqual({ id: 'r', ...WHOLE })
})

test('a put that was accepted, lost by a restore and refused then is listed whole', async () => {
  const { team, ann, ben } = await begin(insert(KEPT))
  const backup = team.backUp()
  await ann.write(put(WHOLE))
  await ann.sync()
  team.restore(backup)
  await ben.write(remove)
  await ben.sync()
  await ann.sync()
  expect(await listed(ann)).toMatchObject([{ op: 'put', value: { id: 'r', ...WHOLE } }])
})

test('a refused put that is tried again changes what it changed, and no other field', async () => {
  let isOpen = false
  const team = new Team(schema, {
    allow: ({ op }) => op.op !== 'patch' || op.value['size'] !== 2 || isOpen || { message: 'no' },
  })
  const [ann, ben] = [await team.join('ann'), await team.join('ben')]
  await ann.write(insert(KEPT))
  await ann.sync()
  await ben.sync()
  await ann.write(put(WHOLE))
  await ann.sync()
  await ben.write(patch({ title: 'of ben' }))
  await ben.sync()
  await ann.sync()
  isOpen = true
  const store = await ann.open()
  const [entry] = await store.listRefused()
  await store.retry(entry?.mutationId ?? '', crypto.randomUUID())
  await ann.sync()
  expect(await team.read('notes', 'r')).toEqual({ id: 'r', size: 2, title: 'of ben' })
})
