import 'fake-indexeddb/auto'
import * as fc from 'fast-check'
import type { SchemaShape } from 'web-sync-protocol'
import { describe, expect, it } from 'vitest'
import { checkEqual } from '../../testing/store-suite/check.ts'
import { recordToParts } from '../index-keys.ts'
import { compareKeys, prefixRange } from '../keys.ts'
import { openIdbDatabase } from '../idb/idb-database.ts'
import { createMemoryDatabase } from '../memory/memory-database.ts'
import type { RowDatabase, RowWriter } from '../row-database.ts'
import type { BaseRow } from '../rows.ts'
import { PackCache } from './pack-cache.ts'
import { PackedReader } from './packed-reader.ts'
import { PackedWriter } from './packed-writer.ts'
import { keepWarm, WarmRecords } from './warm-records.ts'

const SCHEMA: SchemaShape = {
  app: 'test',
  version: 1,
  collections: [
    { name: 'notes', indexes: { byText: ['text'], byRank: ['rank', 'text'] }, putsTravelAsPatch: true },
    { name: 'places', indexes: {}, putsTravelAsPatch: true },
  ],
}
const SIZES = { records: 3, entries: 4, length: 300, mergePacks: 2, layers: 4, stepRows: 5 }

const anyCollection: fc.Arbitrary<string> = fc.constantFrom('notes', 'places')
const anyGeneration: fc.Arbitrary<number> = fc.constantFrom(1, 2)
const anyId = fc.nat(40).map((n) => `n${n}`)
const anyValue = fc.record(
  {
    text: fc.constantFrom<string | number | null>('a', 'b', 'ba', '\ud800', 1, null),
    rank: fc.nat(3),
    more: fc.constantFrom('', 'x'.repeat(200)),
  },
  { requiredKeys: [] },
)
const anyWrite = fc.record({
  generation: anyGeneration,
  collection: anyCollection,
  id: anyId,
  value: fc.option(anyValue, { freq: 3 }),
})

type Write = typeof anyWrite extends fc.Arbitrary<infer T> ? T : never

type Step =
  /** `isElsewhere`: by another context, which has a cache of its own. */
  | { readonly type: 'write'; readonly writes: readonly Write[]; readonly isElsewhere: boolean }
  | { readonly type: 'drop'; readonly generation: number; readonly collection: string | null }
  | { readonly type: 'tidy' | 'fail' | 'reopen' }

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant('write' as const),
      writes: fc.array(anyWrite, { minLength: 1, maxLength: 25 }),
      isElsewhere: fc.boolean(),
    }),
  },
  { weight: 6, arbitrary: fc.record({ type: fc.constantFrom('tidy' as const, 'tidy' as const, 'fail' as const) }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('reopen' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('drop' as const),
      generation: anyGeneration,
      collection: fc.option(anyCollection),
    }),
  },
)

/** What must be found: rows by their key's text. */
type Model = Map<string, BaseRow>

const nameOf = (row: Pick<BaseRow, 'generation' | 'collection' | 'id'>): string =>
  `${row.generation}/${row.collection}/${row.id}`
const keyOf = (row: BaseRow) => [row.generation, row.collection, row.id]

const newCache = (): PackCache => new PackCache(new WarmRecords())

/** Hours that have passed, so that each tidying up may keep what was found last. */
let hours = 0

async function apply(
  database: Pick<RowDatabase, 'write'>,
  model: Model,
  step: Step,
  cache: PackCache = newCache(),
): Promise<void> {
  let written: PackedWriter | null = null
  const work = async (raw: RowWriter): Promise<void> => {
    const tx = new PackedWriter(raw, SCHEMA, SIZES, cache)
    written = tx
    if (step.type === 'tidy' && !(await tx.tidyPacks())) await keepWarm(tx, cache.warm!, (hours += 1) * 3_600_000)
    if (step.type === 'drop') {
      tx.deleteRange(
        'base',
        step.collection === null ? prefixRange(step.generation) : prefixRange(step.generation, step.collection),
      )
      for (const [name, row] of model) {
        if (row.generation === step.generation && (step.collection ?? row.collection) === row.collection)
          model.delete(name)
      }
    }
    if (step.type === 'write') {
      for (const { generation, collection, id, value } of step.writes) {
        const row: BaseRow = {
          generation,
          collection,
          id,
          version: `1-${'0'.repeat(16)}`,
          mutationId: null,
          value: { ...value, id },
        }
        if (value === null) {
          tx.delete('base', keyOf(row))
          model.delete(nameOf(row))
        } else {
          tx.put('base', row)
          model.set(nameOf(row), row)
        }
      }
      const { generation, collection, id } = step.writes[0]!
      checkEqual(
        await tx.get('base', [generation, collection, id]),
        model.get(nameOf({ generation, collection, id })),
        'what is found',
      )
    }
    await tx.flush()
  }
  await database.write('relaxed', work, () => written?.confirm())
}

/** A transaction that fails after it has written leaves nothing. */
async function fail(database: Pick<RowDatabase, 'write'>, cache: PackCache): Promise<void> {
  const failing = database.write('relaxed', async (raw) => {
    const tx = new PackedWriter(raw, SCHEMA, SIZES, cache)
    tx.put('base', {
      generation: 1,
      collection: 'notes',
      id: 'n0',
      version: `1-${'0'.repeat(16)}`,
      mutationId: null,
      value: { id: 'n0', wrong: 1 },
    })
    tx.deleteRange('base', prefixRange(2))
    await tx.flush()
    await tx.tidyPacks()
    throw new Error('the fault of the test')
  })
  checkEqual(await failing.catch((error: unknown) => String(error)), 'Error: the fault of the test', 'the outcome')
}

async function check(database: Pick<RowDatabase, 'read'>, model: Model, cache: PackCache = newCache()): Promise<void> {
  await database.read(async (raw) => {
    const tx = new PackedReader(raw, cache)
    const all = [...model.values()].toSorted((a, b) => compareKeys(keyOf(a), keyOf(b)))
    checkEqual(await tx.list('base', { range: prefixRange(), limit: 1_000 }), all, 'what is found')
    checkEqual(await tx.count('base', null), all.length, 'what is found')
    const keys = Array.from({ length: 41 }, (_, n) => [1, 'notes', `n${n}`])
    checkEqual(
      await tx.getMany('base', keys),
      keys.map(([generation, collection, id]) => model.get(`${generation}/${collection}/${id}`)),
      'what is found',
    )
    for (const [index, fields] of Object.entries(SCHEMA.collections[0]!.indexes)) {
      const partsOf = (row: BaseRow) => recordToParts(fields, row.id, row.value)
      const sorted = all
        .filter((row) => row.generation === 1 && row.collection === 'notes')
        .toSorted((a, b) => compareKeys(partsOf(a), partsOf(b)))
      const range = prefixRange(1, 'notes', index)
      checkEqual(await tx.list('base', { range, byIndex: true, limit: 1_000 }), sorted, 'what is found')
      checkEqual(
        await tx.list('base', { range, byIndex: true, direction: 'desc', limit: 7 }),
        sorted.toReversed().slice(0, 7),
        'what is found',
      )
      const middle = sorted[Math.floor(sorted.length / 2)]
      if (middle === undefined) continue
      const from = { ...range, lower: [...(range.lower as string[]), ...partsOf(middle)], isLowerOpen: true }
      checkEqual(
        await tx.list('base', { range: from, byIndex: true, limit: 5 }),
        sorted.slice(sorted.indexOf(middle) + 1).slice(0, 5),
        'what is found',
      )
      checkEqual(await tx.count('base', from, true), sorted.length - sorted.indexOf(middle) - 1, 'what is found')
    }
  })
}

let databases = 0

describe.each([
  ['memory', () => Promise.resolve(createMemoryDatabase()), 200],
  [
    'IndexedDB',
    () => {
      databases += 1
      return openIdbDatabase({ name: `packed model ${databases}` })
    },
    30,
  ],
])('packs in %s', (_name, open, numRuns) => {
  it('hold and find what was written, whatever is split, merged, dropped or undone', { timeout: 60_000 }, async () => {
    let checked = 0
    let kept = 0
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { minLength: 5, maxLength: 25 }), async (steps) => {
        const database = await open()
        const model: Model = new Map()
        let cache = newCache()
        for (const step of steps) {
          if (step.type === 'reopen') cache = newCache()
          else if (step.type === 'fail') await fail(database, cache)
          else await apply(database, model, step, step.type === 'write' && step.isElsewhere ? newCache() : cache)
          await check(database, model, cache)
          // As a context that has just begun, which finds what was kept for it.
          await check(database, model)
          checked += 1
          await database.read(async (raw) => {
            if (step.type === 'tidy' && (await raw.get('meta', 'warm')) !== undefined) kept += 1
          })
        }
      }),
      { numRuns },
    )
    expect(checked).toBeGreaterThan(5 * numRuns - 1)
    expect(kept).toBeGreaterThan(0)
  })

  it('become few layers of growing sizes, and nothing is left to be merged', async () => {
    const database = await open()
    const model: Model = new Map()
    for (let n = 0; n < 25; n += 1) {
      const writes = Array.from({ length: 7 }, (_, at): Write => ({
        generation: 1,
        collection: 'notes',
        id: `n${(n * 11 + at * 5) % 41}`,
        value: { rank: n % 4 },
      }))
      await apply(database, model, { type: 'write', writes, isElsewhere: false })
    }
    let steps = 0
    const tidy = () => database.write('relaxed', async (raw) => new PackedWriter(raw, SCHEMA, SIZES).tidyPacks())
    for (; await tidy(); steps += 1) if (steps % 10 === 0) await check(database, model)
    expect(steps).toBeGreaterThan(5)
    await check(database, model)
    await database.read(async (raw) => {
      const { trees } = (await raw.get('meta', 'layout')) as {
        readonly trees: readonly { readonly layers: readonly unknown[] }[]
      }
      expect(trees.length).toBe(3)
      for (const { layers } of trees) expect(layers.length).toBeLessThan(4)
      const packs = await raw.count('packs', null)
      expect(packs).toBeLessThan(80)
    })
  })
})
