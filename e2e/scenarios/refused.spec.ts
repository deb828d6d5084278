import { openApp } from '../support/app.ts'
import { expect, test } from '../support/world.ts'

test('one refused write among good ones: the others pass, it stays visible with its reason until it is edited', async ({
  world,
}) => {
  const { server, proxy } = world
  const page = await openApp(await world.newDevice(), { account: 'ada' })
  await page.evaluate(() => app.space.upToDate())
  proxy.setMode('refuse')
  await page.evaluate(async () => {
    await app.space.addNote('n1', 'good')
    await app.space.addNote('n2', 'a forbidden word')
    await app.space.patchNote('n2', { done: true })
    await app.space.addNote('n3', 'good as well')
  })
  proxy.setMode('up')
  await page.evaluate(() => app.space.upToDate())

  expect(await page.evaluate(() => app.space.status())).toMatchObject({ pending: 0, refused: 2 })
  expect(await page.evaluate(() => app.space.notes())).toEqual({ n1: 'good', n3: 'good as well' })
  const [refused, dependent] = await page.evaluate(() => app.space.refused())
  expect(refused).toMatchObject({ type: 'refused', code: 'not-allowed', path: '/0/value/text' })
  expect(dependent).toMatchObject({ code: 'depends-on-refused' })
  expect((await server.call('records', 'team', 'notes')).map((record) => record.id)).toEqual(['n1', 'n3'])

  // It survives a reload, and passes when it is edited.
  await page.reload()
  await page.evaluate(() => app.open({ account: 'ada' }))
  await page.evaluate(async () => {
    const { space } = app.space
    const [first, second] = await space.refused.list()
    if (first === undefined || second === undefined) throw new Error('two entries are expected')
    const write = space.refused.edit(first.mutationId, (tx) => tx.notes.insert({ id: 'n2', text: 'an allowed word' }))
    await write.accepted
    await space.refused.discard(second.mutationId)
  })
  expect(await page.evaluate(() => app.space.refused())).toEqual([])
  expect(await page.evaluate(() => app.space.notes())).toEqual({
    n1: 'good',
    n2: 'an allowed word',
    n3: 'good as well',
  })
  expect(await page.evaluate(() => app.space.fingerprint())).toBe(await server.call('fingerprint', 'team'))
})

test('the author of a write hears what became of it', async ({ world }) => {
  const { proxy } = world
  const page = await openApp(await world.newDevice(), { account: 'ada' })
  await page.evaluate(() => app.space.upToDate())
  proxy.setMode('refuse')
  const waiting = page.evaluate(async () => {
    const { notes } = app.space.space.collections
    const good = notes.insert({ id: 'n1', text: 'good' })
    const bad = notes.insert({ id: 'n2', text: 'forbidden' })
    await Promise.all([good, bad])
    const outcome = (write: typeof good): Promise<string> =>
      write.accepted.then(
        () => 'accepted',
        (error: { code: string; refusal?: string }) => `${error.code} ${error.refusal ?? ''}`,
      )
    return Promise.all([outcome(good), outcome(bad)])
  })
  proxy.setMode('up')
  expect(await waiting).toEqual(['accepted', 'refused not-allowed'])
})
