import { collection, defineSchema, type StandardSchema } from 'web-sync-protocol'
import { afterEach, expect, test } from 'vitest'
import type { Space } from './space.ts'
import { createWorld, until, type World } from './tabs.fixture.ts'

/** A task that can be open: its time is null then. */
interface Task {
  readonly id: string
  readonly title: string
  readonly doneAtMs: number | null
  readonly meta?: { readonly tag?: string | null }
}

const validator: StandardSchema<Task> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => {
      const { title, doneAtMs } = value as Partial<Task>
      const isFit = typeof title === 'string' && (doneAtMs === null || typeof doneAtMs === 'number')
      return isFit ? { value: value as Task } : { issues: [{ message: 'Required: number or null' }] }
    },
  },
}

const schema = defineSchema({
  app: 'test',
  version: 1,
  collections: {
    merged: collection<Task>(validator),
    asked: collection<Task>(validator, {
      conflict: ({ current, proposed }) => ({ ...proposed, seen: [current, proposed] as never }),
    }),
    whole: collection<Task>(validator, { conflict: 'initiatorWins' }),
  },
})

type Collections = typeof schema.collections
type Name = keyof Collections

let world: World

afterEach(async () => {
  await world.close()
})

const task: Task = { id: 'a', title: 't', doneAtMs: 5, meta: { tag: 'x' } }

const openAs = async (account: string): Promise<Space<Collections>> => {
  const space: unknown = await world.open(account, { schema: schema as never })
  return space as Space<Collections>
}

/** The task in each collection, known to two devices. */
async function openTwo(name: string): Promise<readonly [Space<Collections>, Space<Collections>]> {
  world = createWorld(name, { schema })
  const one = await openAs('ann')
  await one.mutate((tx) => {
    tx.merged.insert(task)
    tx.asked.insert(task)
    tx.whole.insert(task)
  }).accepted
  const two = await openAs('ben')
  await until(two.status, ({ isPartial, state }) => !isPartial && state === 'idle')
  return [one, two]
}

const atPartner = async (space: Space<Collections>, name: Name): Promise<unknown> =>
  (await world.partner.read(space.space, name, 'a'))?.value

test.each<
  readonly [string, (tasks: Space<Collections>['collections']['merged']) => { readonly accepted: Promise<void> }, Task]
>([
  ['put', (tasks) => tasks.put({ ...task, doneAtMs: null }), { ...task, doneAtMs: null }],
  ['patch', (tasks) => tasks.patch('a', { doneAtMs: null }), { ...task, doneAtMs: null }],
  ['nested put', (tasks) => tasks.put({ ...task, meta: { tag: null } }), { ...task, meta: { tag: null } }],
  ['nested patch', (tasks) => tasks.patch('a', { meta: { tag: null } }), { ...task, meta: { tag: null } }],
  [
    'patch that removes a nested field',
    (tasks) => tasks.patch('a', { meta: { tag: undefined } }),
    { ...task, meta: {} },
  ],
  [
    'patch that removes a field',
    (tasks) => tasks.patch('a', { meta: undefined }),
    { id: 'a', title: 't', doneAtMs: 5 },
  ],
])('%s: here, at the partner and on another device', async (kind, write, expected) => {
  const [one, two] = await openTwo(`null-${kind.replaceAll(' ', '-')}`)
  await write(one.collections.merged).accepted
  expect(await one.collections.merged.get('a')).toEqual(expected)
  expect(await atPartner(one, 'merged')).toEqual(expected)
  two.retry()
  await expect.poll(() => two.collections.merged.get('a')).toEqual(expected)
})

test.each<Name>(['merged', 'asked', 'whole'])(
  'a null merges with what a colleague has changed meanwhile: %s',
  async (name) => {
    for (const kind of ['put', 'patch'] as const) {
      const [one] = await openTwo(`null-race-${name}-${kind}`)
      world.isOnline = false
      const tasks = one.collections[name]
      const mine = kind === 'put' ? tasks.put({ ...task, doneAtMs: null }) : tasks.patch('a', { doneAtMs: null })
      await mine
      await world.partner.transact(one.space, (tx) => tx[name]?.patch('a', { title: 'by a colleague' }))
      world.isOnline = true
      one.retry()
      await mine.accepted
      // A whole put, where the initiator wins, is what its author saw; a conflict function gets it beside the colleague's.
      const title = name === 'merged' || kind === 'patch' ? 'by a colleague' : 't'
      expect(await atPartner(one, name)).toMatchObject({ title, doneAtMs: null, meta: { tag: 'x' } })
      await world.close()
    }
  },
)

test('the partner’s own patch sets null and removes like the app’s', async () => {
  const [one] = await openTwo('null-own')
  await world.partner.transact(one.space, (tx) =>
    tx['merged']?.patch('a', { doneAtMs: null, meta: { tag: undefined } }),
  )
  expect(await atPartner(one, 'merged')).toEqual({ id: 'a', title: 't', doneAtMs: null, meta: {} })
})

test('a refused patch is sent again, and edited, with its nulls and its removals', async () => {
  let isAllowed = false
  world = createWorld('null-refused', { schema, allow: () => isAllowed || { message: 'not now' } })
  const space = await openAs('ann')
  await world.partner.transact(space.space, (tx) => tx['merged']?.insert({ ...task }))
  space.retry()
  await expect.poll(() => space.collections.merged.get('a')).toEqual(task)
  const write = space.collections.merged.patch('a', { doneAtMs: null, meta: undefined })
  await expect(write.accepted).rejects.toMatchObject({ code: 'refused' })
  const again = space.refused.retry(write.mutationId)
  await expect(again.accepted).rejects.toMatchObject({ code: 'refused' })
  isAllowed = true
  await space.refused.edit(again.mutationId, (tx) =>
    tx.merged.patch('a', { title: 'u', doneAtMs: null, meta: undefined }),
  ).accepted
  expect(await atPartner(space, 'merged')).toEqual({ id: 'a', title: 'u', doneAtMs: null })
})
