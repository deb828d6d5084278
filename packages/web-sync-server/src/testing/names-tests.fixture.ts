import {
  collection,
  type CollectionsByName,
  type Digest,
  DigestBuilder,
  defineSchema,
  type Op,
} from 'web-sync-protocol'
import { describe, expect, test } from 'vitest'
import type { PartnerStorage } from '../index.ts'
import { mutationOf, type ScriptedInitiator } from './scripted-initiator.ts'
import { testPartner, type TestPartner } from './test-partner.fixture.ts'

/** Names that each object has already. All that are collection names are used as such. */
const INHERITED = [...Object.getOwnPropertyNames(Object.prototype), 'prototype'].filter((name) => /^[a-z]/i.test(name))

const collections: CollectionsByName = Object.fromEntries(
  ['notes', ...INHERITED].map((name) => [name, collection(null)]),
)
const schema = defineSchema({ app: 'test', version: 1, collections })

/** A record with a field of each of the names. */
const recordOf = (id: string): Record<string, string> => ({
  id,
  ...(JSON.parse('{"__proto__": "a field"}') as Record<string, string>),
  ...Object.fromEntries(INHERITED.map((name) => [name, `of ${id}`])),
})

const insert = (name: string, id: string): Op => ({
  op: 'insert',
  collection: name,
  id,
  base: null,
  value: recordOf(id),
})

const digestOf = ({ records }: ScriptedInitiator): Digest => {
  const builder = new DigestBuilder()
  for (const [key, { version }] of records) builder.replace(key.slice(0, key.indexOf('/')), null, version)
  return builder.build()
}

/** What holds for names of Object.prototype on a partner on any storage. `create` opens a new, empty one. */
export function testNames(name: string, create: () => PartnerStorage | Promise<PartnerStorage>): void {
  const open = async (): Promise<TestPartner> =>
    testPartner({ schema, storage: await create(), authorize: () => 'write' })

  describe(`names that each object has already, on a partner on ${name}`, () => {
    test.each(INHERITED)('%s is a collection like any other: written, listed, grown into and left', async (each) => {
      const world = await open()
      const ann = world.initiator({ collections: ['notes', each] })
      await ann.sync()
      const [page] = await ann.sync([mutationOf(insert(each, '__proto__'), insert(each, each), insert('notes', each))])
      expect(page?.outcomes).toMatchObject([{ type: 'accepted' }])
      expect(page?.changes.map((change) => (change.type === 'put' ? change.value : null))).toEqual([
        recordOf('__proto__'),
        recordOf(each),
        recordOf(each),
      ])
      // A device of an earlier version of the app, that is updated.
      const ben = world.initiator({ account: 'ben' })
      await ben.sync()
      expect(ben.records.size).toBe(1)
      ben.collections = ['notes', each]
      const grown = await ben.sync()
      expect(grown.at(-1)).toMatchObject({ settled: true, digest: digestOf(ann) })
      expect([...ben.records.values()].map(({ value }) => value)).toEqual(
        expect.arrayContaining([recordOf('__proto__'), recordOf(each), recordOf(each)]),
      )
      ben.collections = [each]
      const left = await ben.sync()
      expect(Object.keys(left.at(-1)?.digest ?? {})).toEqual([each])
    })

    test('an ask for a collection of such a name that the schema lacks is answered without it', async () => {
      const world = testPartner({ storage: await create() })
      const ann = world.initiator({ collections: ['notes', ...INHERITED] })
      const [page] = await ann.sync()
      expect(page?.collections).toEqual(['notes'])
      const [refused] = await ann.sync([mutationOf(insert('constructor', 'a'))])
      expect(refused?.outcomes).toMatchObject([{ type: 'refused', code: 'unknown-collection' }])
    })

    test.each(['__proto__', 'constructor'])(
      '%s is a space and an account like any other, and the partner writes and imports there',
      async (each) => {
        const world = await open()
        const ann = world.initiator({ account: each, space: each, collections: [...INHERITED] })
        await ann.sync()
        await world.partner.transact(each, (tx) => {
          for (const one of INHERITED) tx[one]?.insert(recordOf(one))
        })
        await world.partner.importRecords(each, 'constructor', [recordOf('imported')])
        await ann.sync()
        expect(ann.records.size).toBe(INHERITED.length + 1)
        expect((await world.partner.read(each, 'constructor', 'imported'))?.value).toEqual(recordOf('imported'))
        expect(await world.partner.read(each, 'toString', 'imported')).toBeNull()
        expect((await world.partner.inspect(each)).digest).toEqual(digestOf(ann))
      },
    )
  })
}
