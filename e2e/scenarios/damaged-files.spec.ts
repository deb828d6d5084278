import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openApp } from '../support/app.ts'
import type { ProfileDevice } from '../support/device.ts'
import { expect, test, type World } from '../support/world.ts'

const PLACES = 3_000
const UNSENT = 6
/** Notes that were sent, and their letters: more than the log takes, so that the rest is in tables. */
const MANY = 200
const MANY_LETTERS = 20_000
/** Letters of a note that Chromium keeps in a file of its own. */
const LARGE_LETTERS = 90_000

/** Firefox's, one for each database. */
const SQLITE = /\/idb\/.*\.sqlite$/
const PAGE_BYTES = 4096
/**
 * What the pages that hold a tree together begin with in SQLite: inner and leaf, of an index and of a table
 * (https://sqlite.org/fileformat2.html#b_tree_pages). Any other page may be the rest of a long value: with other bytes there it is
 * another value, and there is no checksum that would tell.
 */
const TREE_PAGES: readonly number[] = [2, 5, 10, 13]
/** Where a SQLite file says which version of its owner has made it. */
const SQLITE_VERSION_AT = 60

/** Values of so many bytes get files of their own in Firefox, as in Chromium; by default from 1 MiB. */
const LARGE_VALUES = { 'dom.indexedDB.dataThreshold': 65_536 }

/** What is damaged in which files: where, as parts of their length, and how many bytes from there. */
interface Damage {
  readonly title: string
  readonly file: RegExp
  readonly at: readonly number[]
  readonly bytes: number
  /** True: each place moves on to the next page that holds a tree together. Default: as it is. */
  readonly isTree?: boolean
  /** True: the browser may not even be able to list what it has lost; then the app is told how much it was at most, and the old database is kept. */
  readonly mayBeUnknown: boolean
}

/**
 * What is flipped in which files: parts of the file's length, and so many bytes. Chromium keeps databases in LevelDB, which has
 * checksums; Firefox in SQLite, which has none: there whole pages go, as a disk loses them.
 */
const DAMAGES: Readonly<Record<'chromium' | 'firefox', readonly Damage[]>> = {
  chromium: [
    {
      title: 'in the middle of the log',
      file: /\.leveldb\/.*\.log$/,
      at: [0.3, 0.5, 0.7],
      bytes: 1,
      mayBeUnknown: false,
    },
    { title: 'in the last write of the log', file: /\.leveldb\/.*\.log$/, at: [0.999], bytes: 1, mayBeUnknown: false },
    { title: 'in the tables', file: /\.ldb$/, at: [0.1, 0.3, 0.5, 0.7, 0.9], bytes: 1, mayBeUnknown: false },
    { title: 'in the manifest', file: /\/MANIFEST/, at: [0.4], bytes: 1, mayBeUnknown: false },
  ],
  firefox: [
    { title: 'in the first page', file: SQLITE, at: [0], bytes: PAGE_BYTES, mayBeUnknown: false },
    {
      title: 'in pages all over',
      file: SQLITE,
      at: [0.1, 0.3, 0.5, 0.7, 0.9],
      bytes: PAGE_BYTES,
      isTree: true,
      mayBeUnknown: true,
    },
    { title: 'in the second half', file: SQLITE, at: [0.5], bytes: Infinity, mayBeUnknown: true },
  ],
}

for (const [engine, damages] of Object.entries(DAMAGES)) {
  for (const damage of damages) testDamage(engine, damage)
}

function testDamage(engine: string, damage: Damage): void {
  const { mayBeUnknown } = damage
  const name = `bytes of the database’s files are flipped ${damage.title}: it opens again, and no unsent write is lost without a word`
  test(name, { tag: `@${engine}` }, async ({ world }) => {
    const { server, proxy } = world
    const device = await leaveUnsent(world)
    expect(await flip(device, damage)).toBeGreaterThan(0)
    await device.start()
    proxy.setMode('up')
    const page = await openApp(device, { account: 'ada' })
    await page.evaluate(() => app.space.upToDate())
    const { evictedUnsent, recovery, replacedUnsent } = await page.evaluate(() => app.space.status().storage)
    const log = await server.call('log', 'team')
    const sent = log.filter(({ id }) => id.startsWith('n')).length
    // What was unsent when it was replaced is known even where the browser cannot list any of it; then the old database is kept.
    expect(replacedUnsent).toBe(recovery === null ? null : UNSENT)
    if (mayBeUnknown && recovery?.unreadable === null)
      expect([recovery.isOldKept, recovery.saved, evictedUnsent]).toEqual([true, 0, null])
    else expect(sent + (evictedUnsent ?? recovery?.unreadable ?? 0)).toBe(UNSENT)
    // Nothing to tell is right only where nothing is lost, as the counts above say: what was damaged was read by nobody.
    const replaced = recovery === null ? [] : ['report: storage-replaced']
    const evicted = evictedUnsent === null ? [] : ['report: storage-evicted']
    expect(await page.evaluate(() => app.faults)).toEqual([...replaced, ...evicted])
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
}) => {
  const { server, proxy } = world
  const device = await leaveUnsent(world)
  const folder = databaseFolder(device)
  const folders = await readdir(folder, { recursive: true })
  const blobs = folders.filter((name) => /\.(blob|files)$/.test(name))
  expect(blobs).not.toEqual([])
  for (const name of blobs) await rm(join(folder, name), { recursive: true })
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
}) => {
  const { server, proxy } = world
  const device = await leaveUnsent(world)
  const isFirefox = device.engine === 'firefox'
  // Firefox's list of all that it stores, made by a later version as its header then says.
  const list = join(device.profile, 'storage.sqlite')
  if (isFirefox) await flipByte(list, SQLITE_VERSION_AT)
  else expect(await flip(device, { file: /\/CURRENT$/, at: [0.2], bytes: 1 })).toBeGreaterThan(0)
  await device.start()
  proxy.setMode('up')
  const page = await device.openPage()
  await page.evaluate(() => app.signIn('ada'))
  expect(await page.evaluate(() => app.tryOpen({ account: 'ada' }))).toBe('storage-failed')
  // As a person does in the browser's settings; in Firefox by deleting the list, too, which it makes anew.
  if (isFirefox) {
    await device.close()
    await rm(list)
  }
  await device.evictDatabases()
  const again = isFirefox ? await device.openPage() : page
  await again.evaluate(() => app.open({ account: 'ada' }).then(() => app.space.upToDate()))
  const { evictedAtMs, evictedUnsent } = await again.evaluate(() => app.space.status().storage)
  expect([evictedAtMs === null, evictedUnsent]).toEqual([false, UNSENT])
  expect(await again.evaluate(() => app.space.fingerprint())).toBe(await server.call('fingerprint', 'team'))
})

/** A device with the partner's records and unsent writes, switched off. */
async function leaveUnsent(world: World): Promise<ProfileDevice> {
  const { server, proxy } = world
  await server.call('fillPlaces', 'team', PLACES)
  const device = await world.newProfileDevice({ firefoxUserPrefs: LARGE_VALUES })
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

/** Where the browser keeps the origin's databases. */
function databaseFolder({ engine, profile }: ProfileDevice): string {
  return engine === 'firefox' ? join(profile, 'storage', 'default') : join(profile, 'Default', 'IndexedDB')
}

/** Flips bytes in files of the origin's databases; returns how many. */
async function flip(
  device: ProfileDevice,
  { file, at, bytes: count, isTree = false }: Pick<Damage, 'file' | 'at' | 'bytes' | 'isTree'>,
): Promise<number> {
  const folder = databaseFolder(device)
  let flipped = 0
  for (const path of await readdir(folder, { recursive: true })) {
    if (!file.test(path)) continue
    const bytes = await readFile(join(folder, path)).catch(() => null)
    // A folder.
    if (bytes === null || bytes.length === 0) continue
    for (const part of at) {
      const place = Math.floor(bytes.length * part)
      const from = isTree ? nextTreePage(bytes, place) : place
      const to = Math.min(from + count, bytes.length)
      for (let offset = from; offset < to; offset += 1) bytes.writeUInt8(bytes.readUInt8(offset) ^ 0xff, offset)
      flipped += to - from
    }
    await writeFile(join(folder, path), bytes)
  }
  return flipped
}

/** Where the first of the pages from there on begins that hold a tree together; the file's end if there is none. */
function nextTreePage(bytes: Buffer, place: number): number {
  let page = Math.ceil(place / PAGE_BYTES) * PAGE_BYTES
  while (page < bytes.length && !TREE_PAGES.includes(bytes.readUInt8(page))) page += PAGE_BYTES
  return page
}

/** Flips a byte of a file. */
async function flipByte(path: string, offset: number): Promise<void> {
  const bytes = await readFile(path)
  bytes.writeUInt8(bytes.readUInt8(offset) ^ 0xff, offset)
  await writeFile(path, bytes)
}
