import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMemoryDatabase } from '../memory/memory-database.ts'
import type { OverlayRow } from '../rows.ts'
import { GroupedRows } from './grouped-rows.ts'

const anyStep = fc.record({
  tab: fc.nat(1),
  /** Where it ends: held; given up; held, but its context never hears of it. */
  end: fc.constantFrom('held', 'held', 'held', 'failed', 'unheard' as const),
  isCleared: fc.constantFrom(false, false, false, true),
  writes: fc.array(
    fc.record({
      id: fc.nat(12).map(String),
      text: fc.option(fc.constantFrom('a', 'b', 'x'.repeat(30_000)), { freq: 4 }),
    }),
    { maxLength: 6 },
  ),
})

const rowOf = (id: string, text: string): OverlayRow => ({
  collection: 'notes',
  id,
  value: { id, text },
  lastMutation: `by ${text.slice(0, 1)}`,
})

describe('rows in groups', () => {
  it('are what the transactions that held made of them, in every context, whatever else they heard', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 40 }), async (steps) => {
        const database = createMemoryDatabase()
        const tabs = [new GroupedRows(), new GroupedRows()] as const
        const model = new Map<string, OverlayRow>()
        for (const { tab, end, isCleared, writes } of steps) {
          const grouped = tabs[tab] as GroupedRows
          const after = new Map(isCleared ? [] : model)
          const written = database.write('strict', async (raw) => {
            const tx = await grouped.begin(raw)
            if (isCleared) tx.clear('overlay')
            for (const { id, text } of writes) {
              if (text === null) {
                tx.delete('overlay', ['notes', id])
                after.delete(id)
              } else {
                tx.put('overlay', rowOf(id, text))
                after.set(id, rowOf(id, text))
              }
            }
            tx.flush()
            if (end === 'failed') throw new Error('the failure of the test')
          })
          const hasFailed = await written.then(
            () => false,
            () => true,
          )
          expect(hasFailed).toBe(end === 'failed')
          if (end === 'held') grouped.confirm()
          if (end !== 'failed') {
            model.clear()
            for (const [id, row] of after) model.set(id, row)
          }
          const expected = [...model.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1))
          for (const other of [...tabs, new GroupedRows()]) {
            const rows = await database.read(async (raw) => {
              const tx = await other.begin(raw)
              return tx.list('overlay', { range: { lower: [], upper: [[]] }, limit: Infinity })
            })
            expect(rows).toEqual(expected)
          }
        }
        // However much was written, what is on the disk stays within the bounds of a copy and what follows it.
        const groups = await database.read((tx) => tx.count('groups', null))
        expect(groups).toBeLessThan(60)
      }),
    )
  })

  it('are read anew where the database was evicted and begun again', async () => {
    const grouped = new GroupedRows()
    const write = async (database: ReturnType<typeof createMemoryDatabase>, own: GroupedRows, id: string) => {
      await database.write('strict', async (raw) => {
        const tx = await own.begin(raw)
        tx.put('overlay', rowOf(id, id))
        tx.flush()
      })
      own.confirm()
    }
    await write(createMemoryDatabase(), grouped, 'a')
    const other = createMemoryDatabase()
    await write(other, new GroupedRows(), 'b')
    const found = await other.read(async (raw) => (await grouped.begin(raw)).get('overlay', ['notes', 'a']))
    expect(found).toBeUndefined()
    const kept = await other.read(async (raw) => (await grouped.begin(raw)).get('overlay', ['notes', 'b']))
    expect(kept).toEqual(rowOf('b', 'b'))
  })
})
