import { describe, expect, test } from 'vitest'
import { mutationOf } from './testing/scripted-initiator.ts'
import { sqlitePartner, testPartner, type TestPartner } from './testing/test-partner.fixture.ts'

const kinds: readonly [string, () => TestPartner][] = [
  ['memory', () => testPartner()],
  ['SQLite', () => sqlitePartner()],
]

describe.each(kinds)('the first exchanges on %s', (_name, create) => {
  test('an empty space settles with the first page, and a write reaches the other replica', async () => {
    const world = create()
    const ann = world.initiator()
    const bob = world.initiator({ account: 'bob' })
    const [first] = await ann.sync()
    expect(first).toMatchObject({ settled: true, more: false, changes: [], digest: {}, key: { n: 1 } })
    await bob.sync()
    const write = mutationOf({ op: 'insert', collection: 'notes', id: 'a', base: null, value: { id: 'a', text: 'hi' } })
    const [page] = await ann.sync([write])
    expect(page?.outcomes).toMatchObject([{ type: 'accepted', duplicate: false, mutationId: write.mutationId }])
    await bob.sync()
    expect(bob.records.get('notes/a')?.value).toEqual({ id: 'a', text: 'hi' })
    expect(bob.records).toEqual(ann.records)
    const before = bob.key
    await bob.sync()
    expect(bob.key).toEqual(before)
    await world.partner.transact('s1', (tx) => tx['notes']?.patch('a', { text: 'ho' }))
    await bob.sync()
    expect(bob.records.get('notes/a')?.value).toEqual({ id: 'a', text: 'ho' })
  })
})
