/** The worker of all limits; its name says which one it is. */
import { expose } from 'comlink'
import { createFetchOnly } from './fetch-only.ts'
import type { Limit } from './limit.ts'
import { createPacked } from './packed.ts'
import { createRows } from './rows.ts'

const create: Readonly<Record<string, () => Limit>> = {
  rows: () => createRows(false),
  'rows-index': () => createRows(true),
  packed: createPacked,
  fetch: createFetchOnly,
}

const limit = create[self.name]?.()
if (limit === undefined) throw new Error(`no such limit: ${self.name}`)
expose(limit)
