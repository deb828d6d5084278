import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const BIN = fileURLToPath(new URL('bin.ts', import.meta.url))

async function runOn(version: string): Promise<{ code: number; out: string; err: string }> {
  const older = `Object.defineProperty(process.versions, 'node', { value: '${version}' })`
  const args = ['--conditions=source', '--import', `data:text/javascript,${encodeURIComponent(older)}`, BIN, '--help']
  return new Promise((resolve) => {
    execFile(process.execPath, args, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err })
    })
  })
}

it('an older Node is told what is needed instead of failing somewhere inside', async () => {
  const { code, out, err } = await runOn('22.9.0')
  expect({ code, out }).toEqual({ code: 1, out: '' })
  expect(err).toMatch(/^web-sync-server needs Node 24 or newer; this is 22\.9\.0\./)
})

it('Node 24 and later run it', async () => {
  expect(await runOn('24.0.0')).toMatchObject({
    code: 0,
    out: expect.stringContaining('web-sync-server serve') as string,
  })
})
