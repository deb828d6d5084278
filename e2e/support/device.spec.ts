import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, type Page, test as base } from '@playwright/test'
import { engineOf } from './browser-options.ts'
import { ProfileDevice } from './device.ts'

const test = base.extend<{ origin: string }>({
  origin: async ({}, use) => {
    const server = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html')
      response.end('<!doctype html>')
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    await use(`http://localhost:${(server.address() as AddressInfo).port}`)
    server.closeAllConnections()
    server.close()
  },
})

/** Adds one to a number in IndexedDB and returns it once it is stored. */
async function count(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const opening = indexedDB.open('count', 1)
    opening.addEventListener('upgradeneeded', () => opening.result.createObjectStore('numbers'))
    const database = await new Promise<IDBDatabase>((resolve) => {
      opening.addEventListener('success', () => resolve(opening.result))
    })
    const transaction = database.transaction('numbers', 'readwrite', { durability: 'strict' })
    const numbers = transaction.objectStore('numbers')
    const reading = numbers.get('n') as IDBRequest<number | undefined>
    return new Promise<number>((resolve) => {
      let next = 0
      reading.addEventListener('success', () => {
        next = (reading.result ?? 0) + 1
        numbers.put(next, 'n')
      })
      transaction.addEventListener('complete', () => resolve(next))
    })
  })
}

test('a device that was killed has what it had stored, and a clone of it has it too', async ({
  origin,
  browserName,
}, testInfo) => {
  const engine = engineOf(browserName)
  const device = new ProfileDevice({ profile: testInfo.outputPath('profile'), engine, origin })
  await device.start()
  expect(await count(await device.openPage())).toBe(1)
  await device.kill()
  await device.start()
  expect(await count(await device.openPage())).toBe(2)
  await device.close()

  const clone = await device.clone(testInfo.outputPath('clone'))
  await Promise.all([device.start(), clone.start()])
  expect(await count(await device.openPage())).toBe(3)
  expect(await count(await clone.openPage())).toBe(3)
  await Promise.all([device.close(), clone.close()])
})
