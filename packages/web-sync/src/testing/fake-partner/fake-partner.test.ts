import { collection, defineSchema, schemaToShape } from 'web-sync-protocol'
import { expect, test } from 'vitest'
import type { LocalOp, Store } from '../../contract/index.ts'
import { runSync } from '../../engine/index.ts'
import { createLocalLock, systemRandom } from '../../platform/index.ts'
import { createMemoryStore } from '../../store/create-memory-store.ts'
import { createMemoryDatabase, type MemoryDatabase } from '../../store/memory/memory-database.ts'
import { createFetchTransport } from '../../transport/index.ts'
import { HandClock } from '../hand-clock.ts'
import { FakePartner } from './fake-partner.ts'

const SPACE = 'team-1'
const OLD = schemaToShape(defineSchema({ app: 'test', version: 1, collections: { notes: collection(null) } }))
const NEW = schemaToShape(
  defineSchema({ app: 'test', version: 2, collections: { notes: collection(null), tags: collection(null) } }),
)

/** The real store and the real engine before the fake. */
class Initiator {
  readonly clock = new HandClock()
  readonly resets: string[] = []
  readonly #partner: FakePartner
  readonly #database: MemoryDatabase
  readonly #schema: typeof OLD

  constructor(partner: FakePartner, database = createMemoryDatabase(), schema = OLD) {
    this.#partner = partner
    this.#database = database
    this.#schema = schema
  }

  open(): Promise<Store> {
    const options = { account: 'ann', space: SPACE, schema: this.#schema, onNotice: () => undefined }
    const { clock } = this
    return createMemoryStore(options, { nowMs: () => clock.nowMs(), randomId: () => systemRandom.id() }, this.#database)
  }

  async write(...ops: readonly LocalOp[]): Promise<void> {
    const store = await this.open()
    await store.write(crypto.randomUUID(), ops)
  }

  /** Runs until up to date; fails if that does not happen. */
  async sync(): Promise<void> {
    const { clock } = this
    const store = await this.open()
    const ports = {
      store,
      transport: createFetchTransport({ endpoint: 'http://partner.test/sync', fetch: this.#partner.fetch, clock }),
      clock,
      random: systemRandom,
      lock: createLocalLock(),
      lockName: 'test',
      auth: null,
    }
    const result = await runSync(ports, {
      reason: 'retry',
      host: 'worker',
      limit: { changes: 100, bytes: 100_000, pages: 10 },
      onEvent: (event) => {
        if (event.type === 'exchange') this.resets.push(event.entry.result)
        if (event.type === 'report' || event.type === 'fault') throw new Error(JSON.stringify(event))
      },
    })
    if (result.type !== 'ended' || !result.isUpToDate) throw new Error(`not up to date: ${JSON.stringify(result)}`)
  }

  async read(id: string): Promise<unknown> {
    const store = await this.open()
    return (await store.get('notes', id))?.['text']
  }

  copy(schema = this.#schema): Initiator {
    return new Initiator(this.#partner, this.#database.copy(), schema)
  }
}

const insert = (id: string, text: string): LocalOp => ({ op: 'insert', collection: 'notes', id, value: { id, text } })
const patch = (id: string, value: Record<string, string>): LocalOp => ({ op: 'patch', collection: 'notes', id, value })

test('two devices see each other’s writes, and edits of different fields are merged', async () => {
  const partner = new FakePartner()
  const [ann, bob] = [new Initiator(partner), new Initiator(partner)]
  await ann.write(insert('a', 'one'))
  await ann.sync()
  await bob.sync()
  expect(await bob.read('a')).toBe('one')
  await ann.write(patch('a', { text: 'two' }))
  await bob.write(patch('a', { colour: 'red' }))
  await ann.sync()
  await bob.sync()
  await ann.sync()
  expect(partner.read(SPACE, 'notes', 'a')).toEqual({ id: 'a', text: 'two', colour: 'red' })
  expect(await bob.read('a')).toBe('two')
})

test('a record that was inserted and patched in one mutation is one change', async () => {
  const partner = new FakePartner()
  const ann = new Initiator(partner)
  await ann.sync()
  await ann.write(insert('a', 'one'), patch('a', { text: 'two' }))
  await ann.sync()
  expect(partner.read(SPACE, 'notes', 'a')).toEqual({ id: 'a', text: 'two' })
  expect(partner.received).toHaveLength(1)
})

test('a colleague’s put and delete arrive', async () => {
  const partner = new FakePartner()
  const ann = new Initiator(partner)
  partner.put(SPACE, 'notes', { id: 'a', text: 'one' })
  await ann.sync()
  expect(await ann.read('a')).toBe('one')
  partner.delete(SPACE, 'notes', 'a')
  await ann.sync()
  expect(await ann.read('a')).toBeUndefined()
})

test('restored to an earlier state it rolls the device back, and what it has lost is sent again', async () => {
  const partner = new FakePartner()
  const ann = new Initiator(partner)
  await ann.write(insert('a', 'one'))
  await ann.sync()
  const backup = partner.backUp()
  await ann.write(insert('b', 'two'))
  await ann.sync()
  partner.restore(backup)
  expect(partner.read(SPACE, 'notes', 'b')).toBeNull()
  await ann.sync()
  expect(ann.resets.join()).toContain('invalid-key regressed')
  expect(partner.read(SPACE, 'notes', 'b')).toEqual({ id: 'b', text: 'two' })
  expect(await ann.read('b')).toBe('two')
})

test('a cloned device is forked, and both go on', async () => {
  const partner = new FakePartner()
  const ann = new Initiator(partner)
  await ann.write(insert('a', 'one'))
  await ann.sync()
  const clone = ann.copy()
  await ann.write(insert('b', 'mine'))
  await ann.sync()
  await ann.write(insert('c', 'mine too'))
  await ann.sync()
  await clone.write(insert('d', 'the clone’s'))
  await clone.sync()
  await ann.sync()
  expect(await clone.read('c')).toBe('mine too')
  expect(await ann.read('d')).toBe('the clone’s')
})

test('a new collection lets the device begin again and keep what it has not sent', async () => {
  const partner = new FakePartner()
  const old = new Initiator(partner)
  await old.write(insert('a', 'one'))
  await old.sync()
  partner.put(SPACE, 'tags', { id: 't' })
  const upgraded = old.copy(NEW)
  await upgraded.write(insert('b', 'unsent'))
  await upgraded.sync()
  expect(partner.read(SPACE, 'notes', 'b')).toEqual({ id: 'b', text: 'unsent' })
  expect(await (await upgraded.open()).get('tags', 't')).toEqual({ id: 't' })
})

test('who listens is nudged by a colleague’s write, and a network that is gone ends the stream', async () => {
  const partner = new FakePartner()
  const ann = new Initiator(partner)
  await ann.sync()
  const { fence } = await (await ann.open()).readState()
  const partnershipId = String(fence.partnershipId)
  const stream = await partner.fetch(`http://partner.test/sync/events?partnership=${partnershipId}`, {})
  const reader = stream.body?.getReader()
  partner.put(SPACE, 'notes', { id: 'a', text: 'one' })
  const part = await reader?.read()
  expect(new TextDecoder().decode(part?.value)).toContain(`"partnershipId":"${partnershipId}"`)
  partner.isOnline = false
  await expect(reader?.read()).rejects.toThrow('no network')
})

test('a malformed ask is a problem with its path', async () => {
  const partner = new FakePartner()
  const response = await partner.fetch('http://partner.test/sync', { method: 'POST', body: '{"protocol":1}' })
  expect(response.status).toBe(400)
  expect(await response.json()).toMatchObject({ code: 'malformed', path: expect.stringMatching(/^\//) })
})
