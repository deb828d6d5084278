import { type Collection, collection, defineSchema, type JsonObject } from 'web-sync-protocol'
import { afterEach, expect, test } from 'vitest'
import type { Space } from './space.ts'
import { createWorld, until, type World } from './tabs.fixture.ts'

type Fields = JsonObject & { readonly id: string }
type Collections = Readonly<Record<string, Collection<Fields>>>

/** Names that each object has already: they are legal names of collections, indexes and fields. */
const INHERITED = Object.getOwnPropertyNames(Object.prototype).filter((name) => /^[a-z]/i.test(name))
const FIELDS = [...INHERITED, '__proto__']

const notes = collection<Fields>(null)
const before = defineSchema({ app: 'test', version: 1, collections: { notes } })
/** Each collection has an index of each of the names, on the field of that name, and a last one on `__proto__`. */
const inherited = collection<Fields>(null, {
  indexes: { ...Object.fromEntries(INHERITED.map((name) => [name, [name]])), last: ['__proto__'] },
})
const grown = defineSchema({
  app: 'test',
  version: 2,
  collections: { notes, ...Object.fromEntries(INHERITED.map((name) => [name, inherited])) },
})

let world: World

afterEach(async () => {
  await world.close()
})

const open = async (schema: { readonly collections: Collections }, account = 'ann'): Promise<Space<Collections>> => {
  const space: unknown = await world.open(account, { schema: schema as never })
  return space as Space<Collections>
}

/** An object with a field of each of the names. */
const fieldsOf = (value: string): JsonObject =>
  JSON.parse(`{${FIELDS.map((name) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`).join(', ')}}`) as JsonObject

const recordOf = (id: string, value: string): Fields => ({ id, ...fieldsOf(value) })

const settled = (space: Space<Collections>): Promise<unknown> =>
  until(space.status, ({ pending, isPartial, state }) => pending === 0 && !isPartial && state === 'idle')

test.each(INHERITED)(
  '%s is a collection like any other, from a version on, with indexes and fields of such names',
  async (name) => {
    world = createWorld(`names-${name}`, { schema: grown })
    const old = await open(before)
    await old.collections['notes']?.insert({ id: 'a' }).accepted
    await settled(old)
    await old.close()

    const space = await open(grown)
    await settled(space)
    const records = space.collections[name]
    if (records === undefined) throw new Error('no such collection')
    world.isOnline = false
    await records.insert(recordOf('__proto__', 'b'))
    await records.insert(recordOf(name, 'a'))
    await records.patch(name, JSON.parse('{"__proto__": "c"}') as never)
    const changed = { ...recordOf(name, 'a'), ...(JSON.parse('{"__proto__": "c"}') as JsonObject) }
    const check = async (from: Space<Collections>): Promise<void> => {
      const query = (options: object): Promise<unknown> | undefined => from.collections[name]?.query(options).all()
      expect(await query({ index: name })).toEqual([changed, recordOf('__proto__', 'b')])
      expect(await query({ index: 'last' })).toEqual([recordOf('__proto__', 'b'), changed])
      expect(await query({ where: JSON.parse('{"__proto__": "c"}') as object })).toEqual([changed])
      expect(await query({ where: { [name]: 'b' } })).toEqual([recordOf('__proto__', 'b')])
      expect(await from.collections['notes']?.query({ where: { [name]: null } }).all()).toEqual([{ id: 'a' }])
    }
    await check(space)
    world.isOnline = true
    space.retry()
    await settled(space)
    await check(space)
    const other = await open(grown, 'ben')
    await settled(other)
    await check(other)
    await records.delete('__proto__').accepted
    expect(await world.partner.read(space.space, name, '__proto__')).toBeNull()
    expect((await world.partner.read(space.space, name, name))?.value).toEqual(changed)
  },
)

test('of such a name that the schema lacks there is no collection and no index', async () => {
  world = createWorld('names-lacking', { schema: before })
  const space = await open(before)
  for (const index of INHERITED) {
    await expect(space.collections['notes']?.query({ index }).all()).rejects.toMatchObject({ code: 'invalid-query' })
  }
})
