import { openApp } from '../support/app.ts'
import { expect, test } from '../support/world.ts'

/** Bytes: room for the app’s files and some notes. */
const QUOTA = 3_000_000

test('the device is full: a write says so and stores nothing, what was there stays, and it goes on when there is room', async ({
  world,
}) => {
  const { server, proxy } = world
  const device = await world.newProfileDevice()
  await device.limitStorage(QUOTA)
  const page = await openApp(device, { account: 'ada' })
  await page.evaluate(() => app.space.upToDate())
  await page.evaluate(() => app.space.addNote('early', 'before the device was full').then(() => app.space.upToDate()))
  proxy.setMode('refuse')

  const stored = await page.evaluate(async () => {
    for (let index = 0; index < 100; index += 1) {
      try {
        // Random, because the database compresses what it stores.
        await app.space.addNote(`n${index}`, app.randomText(90_000))
      } catch (error) {
        return { count: index, code: (error as { code?: string }).code ?? String(error) }
      }
    }
    return { count: 100, code: 'never full' }
  })
  expect(stored.code).toBe('quota-exceeded')
  expect(stored.count).toBeGreaterThan(0)
  const ids = Object.keys(await page.evaluate(() => app.space.notes()))
  expect(ids).toHaveLength(stored.count + 1)
  expect(ids).toContain('early')
  await expect.poll(() => page.evaluate(() => app.space.status())).toMatchObject({ pending: stored.count })

  // Room again: everything that was promised is delivered, the write that failed is not there.
  await device.close()
  await device.start()
  proxy.setMode('up')
  const again = await openApp(device, { account: 'ada' })
  await again.evaluate(() => app.space.upToDate())
  const records = await server.call('records', 'team', 'notes')
  expect(records.map((record) => record.id).toSorted()).toEqual(ids.toSorted())
  await again.evaluate((id) => app.space.addNote(id, 'fits now'), `n${stored.count}`)
  await again.evaluate(() => app.space.upToDate())
  expect(await again.evaluate(() => app.space.fingerprint())).toBe(await server.call('fingerprint', 'team'))
})

test('the browser throws the database away: the app is told, and everything that was sent is loaded again', async ({
  world,
}) => {
  const { server } = world
  const device = await world.newProfileDevice()
  const page = await openApp(device, { account: 'ada' })
  await page.evaluate(() => app.space.upToDate())
  await page.evaluate(() => app.space.addNote('n1', 'accepted').then(() => app.space.upToDate()))
  const first = await page.evaluate(() => app.space.status().replicaId)

  await device.evictDatabases()
  const again = await device.openPage()
  await again.evaluate(() => app.open({ account: 'ada' }).then(() => app.space.upToDate()))
  const status = await again.evaluate(() => app.space.status())
  expect(status.storage.evictedAtMs).not.toBeNull()
  expect(status.replicaId).not.toBe(first)
  expect(await again.evaluate(() => app.space.notes())).toEqual({ n1: 'accepted' })
  expect(await server.call('log', 'team')).toHaveLength(1)
})
