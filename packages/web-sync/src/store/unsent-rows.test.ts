import { expect, test } from 'vitest'
import { createMemoryStore } from './create-memory-store.ts'
import { countUnsent, emptyRows } from './unsent-rows.ts'
import { createMemoryDatabase } from './memory/memory-database.ts'

const schema = { app: 'test', version: 1, collections: [{ name: 'notes', indexes: {}, putsTravelAsPatch: true }] }

test('a write between the last look and the removal keeps the store; nothing is acknowledged after it', async () => {
  const rows = createMemoryDatabase()
  const database = { ...rows, close: async () => undefined }
  const options = { account: 'ann', space: 'team', schema, onNotice: () => undefined }
  const store = await createMemoryStore(options, { nowMs: () => 0, randomId: () => 'r' }, rows)
  const write = (id: string): Promise<void> =>
    store.write(crypto.randomUUID(), [{ op: 'insert', collection: 'notes', id, value: { id } }])

  expect(await countUnsent(database, false)).toEqual({ unsent: 0, salvaged: 0, isComplete: true })
  await write('a')
  expect(await emptyRows(database, 'if-sent', false)).toMatchObject({ unsent: 1 })
  expect(await store.get('notes', 'a')).toEqual({ id: 'a' })
  expect(await emptyRows(database, 'always', false)).toMatchObject({ unsent: 1 })
  await expect(write('b')).rejects.toMatchObject({ code: 'storage-failed' })
})
