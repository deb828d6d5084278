import 'fake-indexeddb/auto'
import { expect, it } from 'vitest'
import type { StoreNotice, StoreOptions } from '../contract/index.ts'
import { openDeliveryStore } from './open-delivery-store.ts'
import { openIdbStore } from './open-idb-store.ts'

const environment = { nowMs: () => 1_000, randomId: () => '0'.repeat(32) }

function optionsFor(account: string, onNotice: (notice: StoreNotice) => void = () => undefined): StoreOptions {
  const schema = { app: 'test', version: 1, collections: [{ name: 'notes', indexes: {}, putsTravelAsPatch: true }] }
  return { account, space: 'team', schema, onNotice }
}

it('the store for delivery sees what the app’s store wrote, and what it changes the app’s store sees', async () => {
  const mutationId = crypto.randomUUID()
  const store = await openIdbStore(optionsFor('ada'), environment)
  await store.write(mutationId, [{ op: 'insert', collection: 'notes', id: 'a', value: { id: 'a' } }])
  const notices: StoreNotice[] = []
  const delivery = await openDeliveryStore(
    optionsFor('ada', (notice) => notices.push(notice)),
    environment,
  )
  expect(await delivery.readOutbox({ mutations: 10, bytes: 1_000 })).toMatchObject([{ mutationId }])
  expect((await delivery.readSummary()).counts.pending).toBe(1)
  await delivery.setAside(mutationId, 'undeliverable')
  expect(notices).toMatchObject([{ mutations: [{ mutationId, stage: 'set-aside' }] }])
  expect(await store.readStage(mutationId)).toBe('set-aside')
  await delivery.close()
  await expect(delivery.readSummary()).rejects.toMatchObject({ code: 'closed' })
  expect(await store.get('notes', 'a')).toEqual({ id: 'a' })
  await store.close()
})

it('the store for delivery leaves a newer app’s store as it is', async () => {
  const newer = optionsFor('ben')
  const store = await openIdbStore({ ...newer, schema: { ...newer.schema, version: 2 } }, environment)
  const reading = (async () => (await openDeliveryStore(newer, environment)).readState())()
  await expect(reading).rejects.toMatchObject({ code: 'newer-schema' })
  expect((await store.readState()).schema.version).toBe(2)
  await store.close()
})
