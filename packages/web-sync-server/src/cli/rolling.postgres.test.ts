import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { EventReader, eventsRequest } from '../testing/event-reader.fixture.ts'
import { startNginx } from '../testing/nginx.fixture.ts'
import { findFreePort } from '../testing/node/postgres-server.ts'
import { withPostgres } from '../testing/postgres.fixture.ts'
import { mutationOf, ScriptedInitiator } from '../testing/scripted-initiator.ts'
import { partnerFolder, type Served, startServing } from '../testing/serve.fixture.ts'

const server = withPostgres()

const write = (id: string) => mutationOf({ op: 'put', collection: 'notes', id, base: null, value: { id } })

const open = (url: string, account: string, space = 's1'): ScriptedInitiator =>
  new ScriptedInitiator({ fetch: (request) => fetch(request), url: `${url}/sync`, account, space })

const events = async (url: string, initiator: ScriptedInitiator): Promise<Response> =>
  fetch(eventsRequest(initiator, [initiator.partnershipId], `${url}/sync`))

const probe = async (url: string): Promise<string> => {
  const response = await fetch(url)
  return `${response.status} ${((await response.json()) as { status: string }).status}`
}

/** Devices that write and sync all the time, and what went wrong. */
class Traffic {
  readonly devices: readonly ScriptedInitiator[]
  readonly failures: unknown[] = []
  exchanges = 0
  writes = 0
  readonly #living: Promise<unknown>
  #isOn = true

  constructor(url: string) {
    this.devices = Array.from({ length: 8 }, (_, index) => open(url, `device${index}`, `space${index % 4}`))
    this.#living = Promise.all(this.devices.map((device) => this.#live(device)))
  }

  /** Resolves after so many more exchanges; earlier if one fails. */
  async goesOn(more: number): Promise<void> {
    const goal = this.exchanges + more
    await vi.waitUntil(() => this.exchanges >= goal || this.failures.length > 0, { timeout: 60_000 })
  }

  async stop(): Promise<void> {
    this.#isOn = false
    await this.#living
  }

  async #live(device: ScriptedInitiator): Promise<void> {
    while (this.#isOn) {
      try {
        const isFirst = !device.settled
        await device.sync(isFirst ? [] : [write(crypto.randomUUID())])
        if (!isFirst) this.writes += 1
        this.exchanges += 1
      } catch (error) {
        this.failures.push(error)
        return
      }
    }
  }
}

describe('two processes behind nginx, with the example’s configuration', () => {
  test('are restarted one after the other under traffic: no exchange fails, streams end cleanly and nothing is missing', async () => {
    const { url } = await server.database()
    const folder = partnerFolder()
    const ports = [await findFreePort(), await findFreePort()] as const
    const start = (port: number): Promise<Served> => startServing(folder, '--postgres', url, '--port', String(port))
    const running = [await start(ports[0]), await start(ports[1])]
    const site = await startNginx(...ports)
    const listener = open(site, 'listener')
    await listener.sync()
    const heard = { streams: 0, isOn: true }
    const listening = (async () => {
      while (heard.isOn) {
        const response = await events(site, listener)
        expect(response.status).toBe(200)
        heard.streams += 1
        // Rejects if the stream breaks off instead of ending.
        await new EventReader(response.body as ReadableStream<Uint8Array>).ended()
      }
    })()
    await expect.poll(() => heard.streams).toBe(1)
    const traffic = new Traffic(site)
    await traffic.goesOn(20)
    for (const [index, port] of ports.entries()) {
      const old = running[index] as Served
      old.signal()
      await traffic.goesOn(20)
      expect(await old.ended).toBe(0)
      running[index] = await start(port)
      expect(await probe(`${running[index].url}/ready`)).toBe('200 ready')
      await traffic.goesOn(20)
    }
    await traffic.stop()
    expect(traffic.failures).toEqual([])
    const spaces = await Promise.all(
      [0, 1, 2, 3].map(async (index) => {
        const late = open(site, 'late', `space${index}`)
        await late.sync()
        return late.records.size
      }),
    )
    expect(spaces.reduce((sum, size) => sum + size, 0)).toBe(traffic.writes)
    // Wherever it was, its process was restarted.
    expect(heard.streams).toBeGreaterThan(1)
    heard.isOn = false
    for (const process of running) process.signal()
    await listening
    expect(await Promise.all(running.map(({ ended }) => ended))).toEqual([0, 0])
  })
})

describe('a process that is told to stop', () => {
  test('is not ready first, answers everything while it drains, then finishes what is under way, and ends', async () => {
    const { url } = await server.database()
    const folder = partnerFolder()
    const serving = await startServing(folder, '--postgres', url, '--port', '0', '--drain-seconds', '3600')
    expect(await probe(`${serving.url}/health`)).toBe('200 up')
    expect(await probe(`${serving.url}/ready`)).toBe('200 ready')
    const [ann, slow] = [open(serving.url, 'ann'), open(serving.url, 'ann', 'slow')]
    await ann.sync()
    const stream = await events(serving.url, ann)
    const reader = new EventReader(stream.body as ReadableStream<Uint8Array>)
    const underWay = slow.sync()
    serving.signal()
    await expect.poll(() => probe(`${serving.url}/ready`)).toBe('503 draining')
    expect(await probe(`${serving.url}/health`)).toBe('200 up')
    await ann.sync([write('while it drains')])
    const late = await events(serving.url, ann)
    expect([late.status, late.headers.get('connection')]).toEqual([503, 'close'])
    await late.text()
    serving.signal()
    expect(await reader.ended()).toBe(true)
    writeFileSync(join(folder, 'go'), '')
    expect((await underWay)[0]).toMatchObject({ settled: true })
    expect(await serving.ended).toBe(0)
    expect(serving.lines.map((line) => (JSON.parse(line) as { event: string }).event)).toEqual(
      expect.arrayContaining(['listening', 'exchange', 'draining', 'stopped']),
    )
  })

  test('does not wait for ever: what hangs is cut when its time is over', async () => {
    const { url } = await server.database()
    const serving = await startServing(partnerFolder(), '--postgres', url, '--port', '0', '--stop-seconds', '1')
    const hanging = open(serving.url, 'ann', 'slow').sync()
    const cut = hanging.then(
      () => 'answered',
      (error: unknown) => String(error),
    )
    // The request has come before the signal does: this one came after it.
    await open(serving.url, 'bob').sync()
    serving.signal()
    expect(await cut).toContain('fetch failed')
    expect(await serving.ended).toBe(0)
  })
})
