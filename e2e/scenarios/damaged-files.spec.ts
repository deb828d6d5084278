import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openApp } from '../support/app.ts'
import { needs } from '../support/capabilities.ts'
import type { ProfileDevice } from '../support/device.ts'
import { expect, test, type World } from '../support/world.ts'

const PLACES = 3_000
const UNSENT = 6
/** Notes that were sent, and their letters: more than the log takes, so that the rest is in tables. */
const MANY = 200
const MANY_LETTERS = 20_000
/** Letters of a note that Chromium keeps in a file of its own. */
const LARGE_LETTERS = 90_000

/** Which of LevelDB's files are damaged, and where: parts of the file's length. */
const DAMAGES = [
  { title: 'in the middle of the log', file: /\.leveldb\/.*\.log$/, at: [0.3, 0.5, 0.7] },
  { title: 'in the last write of the log', file: /\.leveldb\/.*\.log$/, at: [0.999] },
  { title: 'in the tables', file: /\.ldb$/, at: [0.1, 0.3, 0.5, 0.7, 0.9] },
  { title: 'in the manifest', file: /\/MANIFEST/, at: [0.4] },
] as const

for (const { title, file, at } of DAMAGES) {
  test(`bytes of the database’s files are flipped ${title}: it opens again, and each unsent write is sent or counted as lost`, async ({
    world,
    browserName,
  }) => {
    needs(browserName, 'LevelDB')
    const { server, proxy } = world
    const device = await leaveUnsent(world)
    expect(await flip(device, file, at)).toBeGreaterThan(0)
    await device.start()
    proxy.setMode('up')
    const page = await openApp(device, { account: 'ada' })
    await page.evaluate(() => app.space.upToDate())
    const { evictedUnsent, recovery } = await page.evaluate(() => app.space.status().storage)
    const log = await server.call('log', 'team')
    const sent = log.filter(({ id }) => id.startsWith('n')).length
    expect(sent + (evictedUnsent ?? recovery?.unreadable ?? 0)).toBe(UNSENT)
    expect(await page.evaluate(() => app.space.countPlaces())).toBe(PLACES)
    expect(await page.evaluate(() => app.space.fingerprint())).toBe(await server.call('fingerprint', 'team'))
    // It is as good as new: what is written now survives the browser.
    await page.evaluate(() => app.space.addNote('later', 'text').then(() => app.space.upToDate()))
    await device.close()
    await device.start()
    const again = await openApp(device, { account: 'ada' })
    expect(await again.evaluate(() => app.space.note('later'))).toBeDefined()
  })
}

test('files of large values are gone: what cannot be read any more is counted, all others are sent', async ({
  world,
  browserName,
}) => {
  needs(browserName, 'LevelDB')
  const { server, proxy } = world
  const device = await leaveUnsent(world)
  const folder = join(device.profile, 'Default', 'IndexedDB')
  const [blobs] = (await readdir(folder)).filter((name) => name.endsWith('.blob'))
  await rm(join(folder, blobs ?? ''), { recursive: true })
  await device.start()
  proxy.setMode('up')
  const page = await openApp(device, { account: 'ada' })
  await page.evaluate(() => app.space.upToDate())
  const { recovery, evictedUnsent } = await page.evaluate(() => app.space.status().storage)
  expect(evictedUnsent).toBeNull()
  // The write itself, and what it made of its record.
  expect(recovery).toMatchObject({ cause: 'error', saved: UNSENT - 1, unreadable: 2, isOldKept: false })
  expect((await server.call('log', 'team')).filter(({ id }) => id.startsWith('n'))).toHaveLength(UNSENT - 1)
  expect(await page.evaluate(() => app.space.fingerprint())).toBe(await server.call('fingerprint', 'team'))
  expect(await page.evaluate(() => app.faults)).toEqual(['report: storage-replaced'])
})

test('the browser can open no database at all any more: the app is told by a code, and when its storage was cleared everything that was sent is there', async ({
  world,
  browserName,
}) => {
  needs(browserName, 'LevelDB')
  const { server, proxy } = world
  const device = await leaveUnsent(world)
  expect(await flip(device, /\/CURRENT$/, [0.2])).toBeGreaterThan(0)
  await device.start()
  proxy.setMode('up')
  const page = await device.openPage()
  await page.evaluate(() => app.signIn('ada'))
  expect(await page.evaluate(() => app.tryOpen({ account: 'ada' }))).toBe('storage-failed')
  // As a person does in the browser's settings.
  await device.evictDatabases()
  await page.evaluate(() => app.open({ account: 'ada' }).then(() => app.space.upToDate()))
  const { evictedAtMs, evictedUnsent } = await page.evaluate(() => app.space.status().storage)
  expect([evictedAtMs === null, evictedUnsent]).toEqual([false, UNSENT])
  expect(await page.evaluate(() => app.space.fingerprint())).toBe(await server.call('fingerprint', 'team'))
})

/** A device with the partner's records and unsent writes, switched off. */
async function leaveUnsent(world: World): Promise<ProfileDevice> {
  const { server, proxy } = world
  await server.call('fillPlaces', 'team', PLACES)
  const device = await world.newProfileDevice()
  const page = await openApp(device, { account: 'ada' })
  await page.evaluate(() => app.space.upToDate())
  await page.evaluate(
    async ([count, letters]) => {
      for (let index = 0; index < count; index += 1) await app.space.addNote(`many-${index}`, app.randomText(letters))
      await app.space.upToDate()
    },
    [MANY, MANY_LETTERS] as const,
  )
  proxy.setMode('refuse')
  await page.evaluate(
    async ([count, letters]) => {
      for (let index = 1; index < count; index += 1) await app.space.addNote(`n${index}`, 'unsent')
      await app.space.addNote('n-large', app.randomText(letters))
    },
    [UNSENT, LARGE_LETTERS] as const,
  )
  await expect.poll(() => page.evaluate(() => app.space.status().pending)).toBe(UNSENT)
  await device.close()
  return device
}

/** Flips bytes in files of the origin's LevelDB; returns how many. */
async function flip(device: ProfileDevice, which: RegExp, at: readonly number[]): Promise<number> {
  const folder = join(device.profile, 'Default', 'IndexedDB')
  let flipped = 0
  for (const path of await readdir(folder, { recursive: true })) {
    if (!which.test(path)) continue
    const bytes = await readFile(join(folder, path)).catch(() => null)
    // A folder.
    if (bytes === null || bytes.length === 0) continue
    for (const part of at) {
      const offset = Math.floor(bytes.length * part)
      bytes.writeUInt8(bytes.readUInt8(offset) ^ 0xff, offset)
      flipped += 1
    }
    await writeFile(join(folder, path), bytes)
  }
  return flipped
}
