import type { Page } from 'web-sync-protocol'
import { describe, expect, it } from 'vitest'
import { openDevice, STORES, type TestDevice, TestPartnerHost } from './claims.fixture.ts'
import { PACK_SIZES } from './store/packed/pack-sizes.ts'
import { PackedWriter } from './store/packed/packed-writer.ts'
import { note } from './testing/store-suite/index.ts'

// The initiator's half of the properties in docs/protocol.md, section 9: the real engine and stores against the real partner.
// docs/claims.md names each of these tests.

type AnyPage = Record<string, unknown> & { changes: Record<string, unknown>[]; key: { n: unknown; tag: unknown } }

/** The page as something that may be spoiled. */
const loose = (page: Page): AnyPage => structuredClone(page) as unknown as AnyPage

/** The page with other facts in its first change. */
const spoil = (page: Page, facts: Record<string, unknown>): AnyPage => {
  const broken = loose(page)
  return { ...broken, changes: broken.changes.map((change, index) => (index === 0 ? { ...change, ...facts } : change)) }
}

const numberOf = async ({ store }: TestDevice): Promise<number> => {
  const { key } = (await store.readState()).fence
  return key === 0 ? 0 : key.n
}

const idsOf = async ({ store }: TestDevice): Promise<readonly unknown[]> =>
  (await store.query({ collection: 'notes' })).records.map((record) => record['id'])

describe.each(STORES)('claims on the store in %s', (kind) => {
  const begin = async () => {
    const host = new TestPartnerHost()
    const device = await openDevice(kind, host)
    const say = (...ids: readonly string[]) =>
      host.partner.transact(device.space, (tx) => {
        for (const id of ids) tx['notes']?.put({ id, at: `${ids.length}` })
      })
    /** The partner's records, and the device's. */
    const both = async () => {
      const { digest, head } = await host.partner.inspect(device.space)
      return { partner: digest, device: (await device.store.readState()).digest, head }
    }
    await say('a', 'b')
    await device.sync()
    return { host, device, say, both }
  }

  it('9, 13: the stored key is the page’s, its n the sent one’s plus one for each page, and without news it stays', async () => {
    const { device, say } = await begin()
    const before = await numberOf(device)
    for (let step = 0; step < 8; step += 1) await say(`n${step}`)
    await device.sync()
    // Eight changes, three on a page.
    expect(await numberOf(device)).toBe(before + 3)
    const { fence } = await device.store.readState()
    expect(Number.isSafeInteger(fence.key === 0 ? null : fence.key.n)).toBe(true)
    await device.sync()
    expect((await device.store.readState()).fence).toEqual(fence)
    await device.write(note.insert('own'))
    await device.sync()
    expect(await numberOf(device)).toBe(before + 4)
  })

  it.each([
    ['two numbers on', (page: Page) => ({ ...page, key: { ...page.key, n: page.key.n + 1 } })],
    ['the number that was sent', (page: Page) => ({ ...page, key: { ...page.key, n: page.key.n - 1 } })],
    ['the beginning', (page: Page) => ({ ...page, key: { ...page.key, n: 1 } })],
  ])('13: a page whose key is not the successor of the one before is not followed (%s)', async (_name, change) => {
    const { host, device, say } = await begin()
    await say('c')
    await device.sync()
    await say('d')
    const before = await device.dump()
    host.onPage = change
    expect(await device.sync()).toMatchObject({ type: 'waiting', isUpToDate: false })
    expect(await device.dump()).toEqual(before)
    host.onPage = (page) => page
    await device.sync()
    expect(await idsOf(device)).toEqual(['a', 'b', 'c', 'd'])
  })

  it('9: a page that brings an outcome under the key that was sent is not followed', async () => {
    const { host, device } = await begin()
    const { key } = (await device.store.readState()).fence
    await device.write(note.insert('own', { text: 'forbidden' }))
    const before = await device.dump()
    host.onPage = (page) => ({ ...page, key })
    await device.sync()
    expect(await device.dump()).toEqual(before)
    host.onPage = (page) => page
    await device.sync()
    expect(await device.store.listRefused()).toHaveLength(1)
  })

  it('10, 11: where nothing is in common the initiator begins at zero, keeps the outbox, and every write is accepted', async () => {
    const { host, device, both } = await begin()
    await device.write(note.insert('accepted'))
    await device.sync()
    await device.write(note.insert('pending'))
    host.restore()
    await device.sync()
    expect(host.cases).toEqual(expect.arrayContaining(['K6', 'K0']))
    expect(await idsOf(device)).toEqual(['accepted', 'pending'])
    expect((await device.store.readSummary()).counts).toMatchObject({ pending: 0, refused: 0, salvage: 2 })
    const after = await both()
    expect(after.device).toEqual(after.partner)
    expect(after.head).toBe(2)
  })

  it('10, 11: where an older checkpoint is in common the initiator goes back to it, and what was lost is accepted again', async () => {
    const { host, device, both } = await begin()
    await device.write(note.insert('old'))
    await device.sync()
    await device.sync()
    const backup = host.backUp()
    const goal = await numberOf(device)
    await device.write(note.insert('lost'), note.patch('a', { at: 'mine' }))
    await device.sync()
    await device.sync()
    host.restore(backup)
    await device.write(note.insert('pending'))
    const from = device.log.length
    await device.sync()
    expect(device.log.slice(from).map(({ result }) => result)).toContain(`rollback to ${goal}`)
    expect(host.cases.at(-1)).not.toBe('K0')
    expect(await idsOf(device)).toEqual(['a', 'b', 'lost', 'old', 'pending'])
    const after = await both()
    expect(after.device).toEqual(after.partner)
    expect((await device.store.readSummary()).counts).toMatchObject({ pending: 0, refused: 0, salvage: 0 })
  })

  it('5, 12: a response that is lost at any page: key and data are those of the last page that came, nothing is doubled', async () => {
    const { host, device, say, both } = await begin()
    for (let cut = 0; cut < 4; cut += 1) {
      await device.write(note.insert(`own${cut}`))
      for (let index = 0; index < 8; index += 1) await say(`s${cut}${index}`)
      const { head } = await host.partner.inspect(device.space)
      const before = await numberOf(device)
      let asks = 0
      const numbers: number[] = []
      host.onAsk = async () => {
        asks += 1
        numbers.push(await numberOf(device))
      }
      host.onPage = (page, index) => (asks === 1 && index >= cut ? null : page)
      await device.sync()
      if (asks === 1) await device.sync()
      expect(numbers.slice(0, 2)).toEqual([before, before + Math.min(cut, 3)])
      const after = await both()
      expect(after.device).toEqual(after.partner)
      expect(after.head).toBe(head + 1)
    }
    expect((await device.store.readSummary()).counts).toMatchObject({ pending: 0, refused: 0 })
  })

  it('15: a page with a wrong digest leaves key and data, and the next ask, with the same key, brings the right one', async () => {
    const { host, device, say, both } = await begin()
    await device.write(note.insert('own'))
    await say('c')
    const before = await device.dump()
    const seen: unknown[] = []
    host.onAsk = async () => void seen.push(await device.dump())
    host.onPage = (page) =>
      seen.length === 1 ? { ...page, digest: { notes: { count: 9, sum: '0'.repeat(16) } } } : page
    const from = device.log.length
    expect(await device.sync()).toMatchObject({ type: 'idle', isUpToDate: true })
    expect(device.log[from]?.result).toBe('digest-mismatch')
    expect(seen.slice(0, 2)).toEqual([before, before])
    const after = await both()
    expect(after.device).toEqual(after.partner)
    expect(host.cases.filter((name) => name === 'K0')).toHaveLength(1)
  })

  it.each([
    ['a value that is no object', (page: Page) => spoil(page, { value: 'text' })],
    ['a value too deep', (page: Page) => spoil(page, { value: JSON.parse(`${'{"a":'.repeat(70)}1${'}'.repeat(70)}`) })],
    ['a value with another id', (page: Page) => spoil(page, { value: { id: 7 } })],
    ['a version that is none', (page: Page) => spoil(page, { version: '1' })],
    ['a change of no kind', (page: Page) => spoil(page, { type: 'merge' })],
    ['a key whose n is text', (page: Page) => ({ ...loose(page), key: { ...page.key, n: `${page.key.n}` } })],
    ['a key without a tag', (page: Page) => ({ ...loose(page), key: { n: page.key.n } })],
    ['an outcome of no kind', (page: Page) => ({ ...loose(page), outcomes: [{ mutationId: 'x', type: 'maybe' }] })],
  ])(
    '17: a page that fails validation leaves key and data, and nothing of it is visible (%s)',
    async (_name, change) => {
      const { host, device, say } = await begin()
      await device.write(note.insert('own'))
      for (const id of ['c', 'd', 'e', 'f']) await say(id)
      // All pages but the first are broken: what the first one brought stays, under its key.
      const before = await numberOf(device)
      let pages = 0
      host.onPage = (page) => {
        pages += 1
        return pages === 1 ? page : change(page)
      }
      await device.sync()
      expect(await numberOf(device)).toBe(before + 1)
      expect(await idsOf(device)).toEqual(['a', 'b', 'c', 'd', 'e', 'own'])
      const first = await device.dump()
      device.notices.length = 0
      host.onPage = change
      await device.sync()
      expect(await device.dump()).toEqual(first)
      expect(device.notices.flatMap(({ collections, mutations }) => [...collections, ...mutations])).toEqual([])
      host.onPage = (page) => page
      await device.sync()
      expect(await idsOf(device)).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'own'])
    },
  )
})

it('16: a record that is not what its key says is found when it changes next, and the data is right again', async () => {
  const host = new TestPartnerHost()
  const device = await openDevice('memory', host)
  const put = (id: string, text: string) => host.partner.transact(device.space, (tx) => tx['notes']?.put({ id, text }))
  await put('a', '1')
  await put('b', '1')
  await device.sync()
  await device.write(note.insert('own'))
  await device.sync()
  await device.database?.write('strict', async (tx) => {
    const packed = new PackedWriter(tx, { app: 'test', version: 1, collections: [] }, PACK_SIZES)
    const [row] = await packed.list('base', { range: { lower: [], upper: [[]] }, limit: 1 })
    packed.put('base', { ...row!, version: `1-${'f'.repeat(16)}` })
    await packed.flush()
  })
  await put('a', '2')
  await device.sync()
  expect(device.log.map(({ result }) => result)).toEqual(
    expect.arrayContaining(['digest-mismatch', 'resync digest-mismatch']),
  )
  const { digest } = await host.partner.inspect(device.space)
  expect((await device.store.readState()).digest).toEqual(digest)
  expect((await device.store.query({ collection: 'notes' })).records).toEqual([
    { id: 'a', text: '2' },
    { id: 'b', text: '1' },
    { id: 'own' },
  ])
})
