import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))

test('a port that is taken: who starts the demo is told what to change, without a stack, and it ends', async () => {
  const data = await mkdtemp(join(tmpdir(), 'demo-'))
  const other = createServer().listen(0, 'localhost')
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const options = ['--port', String(port), '--data', data, '--places', '10']
  const demo = spawn(process.execPath, [
    '--conditions=source',
    '--disable-warning=ExperimentalWarning',
    MAIN,
    ...options,
  ])
  const [said, [code]] = await Promise.all([text(demo.stderr), once(demo, 'exit')])
  other.close()
  await rm(data, { recursive: true })
  expect(said).toBe(
    `Cannot listen on localhost:${port}: something else listens there. Choose another --port (0: any free one).\n`,
  )
  expect(code).toBe(1)
})
