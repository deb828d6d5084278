import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect, test as base } from '@playwright/test'
import { type FaultProxy, openFaultProxy } from 'web-sync/testing/node'

/** A server that remembers what reached it and answers in two parts. */
interface Echo {
  readonly server: Server
  readonly port: number
  readonly bodies: string[]
}

const test = base.extend<{ echo: Echo; faults: FaultProxy }>({
  echo: async ({}, use) => {
    const bodies: string[] = []
    const server = createServer((request, response) => {
      let body = ''
      request.setEncoding('utf8')
      request.on('data', (chunk: string) => (body += chunk))
      request.on('end', () => {
        bodies.push(body)
        response.write(`head of ${body};`)
        response.end('tail')
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    await use({ server, port: (server.address() as AddressInfo).port, bodies })
    server.closeAllConnections()
    server.close()
  },
  faults: async ({ echo }, use) => {
    const proxy = await openFaultProxy(echo.port)
    await use(proxy)
    await proxy.close()
  },
})

async function post(proxy: FaultProxy, body: string, timeoutMs = 5_000): Promise<string> {
  const response = await fetch(proxy.origin, { method: 'POST', body, signal: AbortSignal.timeout(timeoutMs) })
  return response.text()
}

test('up: what is asked is answered', async ({ echo, faults }) => {
  expect(await post(faults, 'a')).toBe('head of a;tail')
  expect(echo.bodies).toEqual(['a'])
})

test('refuse: nothing reaches the server, and afterwards everything does again', async ({ echo, faults }) => {
  faults.setMode('refuse')
  await expect(post(faults, 'a')).rejects.toThrow()
  expect(echo.bodies).toEqual([])
  faults.setMode('up')
  expect(await post(faults, 'b')).toBe('head of b;tail')
})

test('blackhole: nothing reaches the server and nobody says so', async ({ echo, faults }) => {
  faults.setMode('blackhole')
  await expect(post(faults, 'a', 300)).rejects.toThrow('timeout')
  expect(echo.bodies).toEqual([])
})

test('drop-down: the server has it, the client hears nothing', async ({ echo, faults }) => {
  faults.setMode('drop-down')
  await expect(post(faults, 'a', 300)).rejects.toThrow('timeout')
  // On a slow machine it comes after the client has given up.
  await expect.poll(() => echo.bodies).toEqual(['a'])
})

test('drop-up: the server hears nothing', async ({ echo, faults }) => {
  faults.setMode('drop-up')
  await expect(post(faults, 'a', 300)).rejects.toThrow('timeout')
  expect(echo.bodies).toEqual([])
})

test('a dropped response: the server has processed the request, the client gets a broken connection', async ({
  echo,
  faults,
}) => {
  const lost = faults.dropResponse({ matches: (request) => request.endsWith('b') })
  expect(await post(faults, 'a')).toBe('head of a;tail')
  await expect(post(faults, 'b')).rejects.toThrow()
  expect(await lost).toContain('POST / HTTP/1.1')
  expect(echo.bodies).toEqual(['a', 'b'])
  expect(await post(faults, 'b')).toBe('head of b;tail')
})

test('a response cut in its middle: so many bytes get through', async ({ faults }) => {
  void faults.dropResponse({ passes: 300 })
  const response = await fetch(faults.origin, { method: 'POST', body: 'x'.repeat(200) })
  const reader = response.body?.getReader()
  const { value } = (await reader?.read()) ?? {}
  expect(new TextDecoder().decode(value)).toContain('head of xxx')
  // Without a length in its head, only the missing last chunk tells that it is not whole.
  await expect(reader?.read()).rejects.toThrow()
})

test('a response of which only the head gets through', async ({ faults }) => {
  void faults.dropResponse({ passes: 'head' })
  const response = await fetch(faults.origin, { method: 'POST', body: 'a' })
  expect(response.status).toBe(200)
  await expect(response.text()).rejects.toThrow()
})

test('a server that has moved is found again behind the same port', async ({ echo, faults }) => {
  expect(await post(faults, 'a')).toBe('head of a;tail')
  const second = createServer((_request, response) => response.end('second'))
  second.listen(0, '127.0.0.1')
  await once(second, 'listening')
  faults.setTarget((second.address() as AddressInfo).port)
  faults.cut()
  expect(await post(faults, 'b')).toBe('second')
  expect(echo.bodies).toEqual(['a'])
  second.close()
})
