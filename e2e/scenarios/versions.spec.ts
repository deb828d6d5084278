import { openApp } from '../support/app.ts'
import { dumpStorage } from '../support/dump-storage.ts'
import { expect, test } from '../support/world.ts'

test('the partner speaks another version of the protocol: a clear word, nothing is lost, and the update ends it', async ({
  world,
}) => {
  const { server } = world
  const page = await openApp(await world.newDevice(), { account: 'ada' })
  await page.evaluate(() => app.space.upToDate())
  for (const version of [0, 2]) {
    await server.call('setForeignVersion', version)
    await page.evaluate((id) => app.space.addNote(id, 'unsent'), `n${version}`)
    const halted = await page.evaluate(() => app.space.reached('halted'))
    expect(halted).toMatchObject({ halt: 'update', pending: 1 })
    await server.call('setForeignVersion', null)
    await page.reload()
    await page.evaluate(() => app.open({ account: 'ada' }))
    await page.evaluate(() => app.space.upToDate())
  }
  expect((await server.call('log', 'team')).map(({ id }) => id)).toEqual(['n0', 'n2'])
})

test('the schema grows over unsent writes: records, writes and indexes are the new ones, and old code stays out', async ({
  world,
}) => {
  const { server, proxy } = world
  const page = await openApp(await world.newDevice(), { account: 'ada' })
  await page.evaluate(() => app.space.addNote('n1', 'accepted').then(() => app.space.upToDate()))
  proxy.setMode('refuse')
  await page.evaluate(() => app.space.addNote('n2', 'unsent'))
  await page.evaluate(() => app.space.patchNote('n1', { text: 'patched' }))
  await page.evaluate(() => app.space.space.close())
  await server.deploy('grown')

  const opened = page.evaluate(() => app.openGrown('ada', 'grown'))
  // It has shown them before there was a way to the server.
  proxy.setMode('up')
  expect(await opened).toEqual([
    { id: 'grown', body: 'grown', done: true },
    { id: 'n1', body: 'patched', done: false },
    { id: 'n2', body: 'unsent', done: false },
  ])
  const records = await server.call('records', 'team', 'notes')
  expect(records.map(({ value }) => value)).toEqual([
    { id: 'grown', body: 'grown', done: true },
    { id: 'n1', body: 'patched', done: false },
    { id: 'n2', body: 'unsent', done: false },
  ])
  // The version before is refused, and has changed nothing.
  expect(await page.evaluate(() => app.tryOpen({ account: 'ada' }))).toBe('newer-schema')
  expect(await page.evaluate(() => app.openGrown('ada', 'once more'))).toHaveLength(4)
  expect(await page.evaluate(() => app.loads)).toBe(1)
})

for (const [version, code] of [
  [5, 'older-layout'],
  [99, 'newer-schema'],
] as const) {
  test(`a store of layout ${version} is refused with ${code}, and nothing of it is changed`, async ({ world }) => {
    const device = await world.newDevice()
    const page = await openApp(device, { account: 'ada' })
    await page.evaluate(() => app.space.addNote('n1', 'accepted').then(() => app.space.upToDate()))
    await page.evaluate(() => app.space.space.close())
    await page.close()
    const blank = await device.openPage('/blank')
    await blank.evaluate(makeForeignStore, version)
    const { 'web-sync-spare': _spare, ...before } = (await dumpStorage(blank)).databases
    expect(Object.values(before).join('')).toContain('unsent of another version')

    // Straight to the page: the helper that opens the app expects that this works.
    const opening = await device.openPage('/')
    expect(await opening.evaluate(() => app.tryOpen({ account: 'ada' }))).toBe(code)
    // Opening also creates an empty spare database and deletes it (docs/decisions/0015); the refused page's worker ends before or after.
    const { 'web-sync-spare': spare = '[]', ...after } = (await dumpStorage(opening)).databases
    expect([after, spare]).toEqual([before, '[]'])
  })
}

/** Puts a store of this layout in the place of the one that is there, as another version of web-sync would have left it. */
async function makeForeignStore(version: number): Promise<void> {
  const until = (request: IDBRequest | IDBTransaction, type: string): Promise<void> =>
    new Promise((resolve, reject) => {
      request.addEventListener(type, () => resolve())
      request.addEventListener('error', () => reject(request.error ?? new Error('a request failed')))
    })
  const names = (await indexedDB.databases()).map(({ name = '' }) => name)
  const name = names.find((one) => /^web-sync-[0-9a-f]{32}$/.test(one)) ?? ''
  await until(indexedDB.deleteDatabase(name), 'success')
  const opening = indexedDB.open(name, version)
  opening.addEventListener('upgradeneeded', () => opening.result.createObjectStore('rows', { keyPath: 'key' }))
  await until(opening, 'success')
  const tx = opening.result.transaction('rows', 'readwrite')
  tx.objectStore('rows').put({ key: 1, text: 'unsent of another version' })
  await until(tx, 'complete')
  opening.result.close()
}
