import { afterEach, beforeEach, expect, test } from 'vitest'
import { createWorld, until, type World } from './tabs.fixture.ts'

let world: World
let count = 0

beforeEach(() => {
  count += 1
  world = createWorld(`death-${count}`)
})

afterEach(async () => {
  await world.close()
})

test('the worker is ended from outside: the page notices, and all calls are answered by a new one', async () => {
  const space = await world.open('ann')
  const { notes } = space.collections
  await notes.insert({ id: 'a', text: 'before' })
  world.killWorkers()
  await notes.insert({ id: 'b', text: 'after' })
  expect(await notes.query().all()).toEqual([
    { id: 'a', text: 'before' },
    { id: 'b', text: 'after' },
  ])
})

test('writes that were on their way when the worker was ended are stored once each, in order', async () => {
  const space = await world.open('ann')
  const { notes } = space.collections
  const ids = Array.from({ length: 20 }, (_, index) => `n${String(index).padStart(2, '0')}`)
  const writes = ids.map((id) => notes.insert({ id, text: id }))
  await writes[3]
  world.killWorkers()
  await Promise.all(writes)
  await Promise.all(writes.map((write) => write.accepted))
  const stored = await notes.query().all()
  expect(stored.map(({ id }) => id)).toEqual(ids)
  expect(await space.writes.list()).toSatisfy((list: readonly { readonly stage: string }[]) =>
    list.every(({ stage }) => stage === 'accepted'),
  )
})

test('a live query and the status go on in the new worker', async () => {
  const space = await world.open('ann')
  const live = space.collections.notes.query()
  await space.collections.notes.insert({ id: 'a', text: 'before' })
  const seen = until(live, ({ records }) => records.some(({ id }) => id === 'b'))
  await until(live, ({ records }) => records.length === 1)
  world.killWorkers()
  // By the partner, so that nothing but the new worker can bring it.
  await world.partner.transact(space.space, (tx) => tx['notes']?.insert({ id: 'b', text: 'by a colleague' }))
  space.retry()
  expect((await seen).records.map(({ id }) => id)).toEqual(['a', 'b'])
  await until(space.status, ({ state, pending }) => state === 'idle' && pending === 0)
})

test('a discard that was done when the worker was ended is no error when it is repeated', async () => {
  await world.close()
  world = createWorld(`death-${count}-refusing`, { allow: () => ({ message: 'no' }) })
  const space = await world.open('ann')
  const write = space.collections.notes.insert({ id: 'a', text: 'no' })
  await write.accepted.catch(() => undefined)
  expect(await space.refused.list()).toHaveLength(1)
  const discarded = space.refused.discard(write.mutationId)
  world.killWorkers()
  await discarded
  expect(await space.refused.list()).toEqual([])
})

test('two spaces of a page go on, each for itself, and closing ends the new worker', async () => {
  const createWorker = (): Worker => world.createWorker()
  const first = await world.open('ann', { createWorker })
  const second = await world.open('ann', { createWorker, space: `${first.space}-other` })
  world.killWorkers()
  await Promise.all([first.collections.plain.insert({ id: 'a' }), second.collections.plain.insert({ id: 'b' })])
  expect(await first.collections.plain.query().all()).toEqual([{ id: 'a' }])
  expect(await second.collections.plain.query().all()).toEqual([{ id: 'b' }])
  await first.close()
  expect(await second.collections.plain.query().all()).toEqual([{ id: 'b' }])
})

test('a space whose partner is behind a port ends with its worker, and says so: the port went with it', async () => {
  const { port1 } = new MessageChannel()
  const space = await world.open('ann', { transportPort: port1 })
  world.killWorkers()
  const { state } = await until(space.status, (status) => status.state === 'closed')
  expect(state).toBe('closed')
  await expect(space.collections.plain.insert({ id: 'a' })).rejects.toMatchObject({ code: 'closed' })
})

test('a worker that is ended each time while the space is being opened again ends the space with a code', async () => {
  let workers = 0
  const space = await world.open('ann', {
    createWorker: () => {
      workers += 1
      const worker = world.createWorker()
      // Its first word is that it holds its lock; then it opens the store.
      if (workers > 1) worker.addEventListener('message', () => world.killWorkers(), { once: true })
      return worker
    },
  })
  world.killWorkers()
  await expect(space.collections.plain.insert({ id: 'a' })).rejects.toMatchObject({ code: 'internal' })
  expect(workers).toBe(4)
})
