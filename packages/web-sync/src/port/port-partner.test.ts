import { afterEach, beforeEach, expect, test } from 'vitest'
import { servePort } from '../../../web-sync-server/src/serve-port.ts'
import { openSpace } from '../page/open-space.ts'
import { createWorld, schema, until, type World } from '../page/tabs.fixture.ts'

let world: World

beforeEach(() => {
  world = createWorld('shared')
})

afterEach(async () => {
  await world.close()
})

test('two browsers’ modules sync with each other over a port: one sends its key, the other judges it and gives the next', async () => {
  const { port1, port2 } = new MessageChannel()
  const stop = servePort(port2, world.partner)
  const space = await openSpace({
    schema,
    space: 'shared',
    account: 'ann',
    transportPort: port1,
    getAuth: async () => ({ 'x-account': 'ann' }),
    createWorker: () => world.createWorker(),
  })
  const first = await until(space.status, ({ key }) => key !== 0)
  await space.collections.notes.insert({ id: 'a', text: 'no network at all' }).accepted
  const { key } = await until(space.status, (status) => status.state === 'idle' && status.pending === 0)
  expect(key === 0 || first.key === 0 ? null : key.n - first.key.n).toBe(1)
  expect((await world.partner.read('shared', 'notes', 'a'))?.value).toEqual({ id: 'a', text: 'no network at all' })
  expect(world.hosts).toEqual([])
  await space.close()
  stop()
  port2.close()
})
