import { afterEach, expect, test } from 'vitest'
import { createWorld, until, type World } from './tabs.fixture.ts'

let world: World

afterEach(() => world.close())

test('access-ended without the echo of the ask removes nothing, however often it is said', async () => {
  world = createWorld('unbelieved')
  const space = await world.open('ann')
  await space.collections.notes.insert({ id: 'a', text: 'kept' }).accepted
  await until(space.status, ({ state }) => state === 'idle')
  const problem = { protocol: 1, status: 403, code: 'access-ended', title: '', requestId: null }
  const headers = { 'content-type': 'application/problem+json', 'web-sync-protocol': '1' }
  let asks = 0
  world.fetch = async () => {
    asks += 1
    return new Response(JSON.stringify(problem), { status: 403, headers })
  }
  for (const before of [0, 1, 2]) {
    space.retry()
    await expect.poll(() => asks).toBeGreaterThan(before)
    await until(space.status, ({ wait }) => wait?.reason === 'not-our-partner')
  }
  expect(space.status.getSnapshot().halt).toBeNull()
  expect(await space.collections.notes.get('a')).toEqual({ id: 'a', text: 'kept' })
})
