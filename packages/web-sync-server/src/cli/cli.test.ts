import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))
const PROTOCOL = pathToFileURL(fileURLToPath(new URL('../../../web-sync-protocol/src/index.ts', import.meta.url))).href

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'web-sync-server-cli-'))
  writeFileSync(
    join(folder, 'partner.ts'),
    `import { collection, defineSchema } from '${PROTOCOL}'
     export const schema = defineSchema({ app: 'test', version: 1, collections: { places: collection(null) } })
     export const authenticate = async (request: Request) => ({ account: request.headers.get('x-account') ?? 'nobody' })
     export const authorize = () => 'write'`,
  )
})
afterEach(() => rmSync(folder, { recursive: true }))

interface Outcome {
  readonly code: number
  readonly out: string
  readonly err: string
}

async function run(...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['--conditions=source', MAIN, ...args], { cwd: folder }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err })
    })
  })
}

function importRecords(): Promise<Outcome> {
  const lines = Array.from({ length: 5_000 }, (_, index) => JSON.stringify({ id: `p${index}`, name: `Place ${index}` }))
  writeFileSync(join(folder, 'places.ndjson'), lines.join('\n'))
  return run(
    'import',
    '--partner',
    'partner.ts',
    '--data',
    'data.db',
    '--space',
    's',
    '--collection',
    'places',
    'places.ndjson',
  )
}

describe('web-sync-server', () => {
  it('imports a file of records, and a second time changes nothing', async () => {
    expect((await importRecords()).out).toContain('Imported 5000 records; 0 of them were there already.')
    expect((await importRecords()).out).toContain('Imported 5000 records; 5000 of them were there already.')
  })

  it('names the line of a record that cannot be stored, and keeps nothing of its batch', async () => {
    writeFileSync(join(folder, 'bad.ndjson'), '{"id":"a"}\n{"id":"b","text":"\\ud800"}\n')
    const args = [
      'import',
      '--partner',
      'partner.ts',
      '--data',
      'data.db',
      '--space',
      's',
      '--collection',
      'places',
      'bad.ndjson',
    ]
    const result = await run(...args)
    expect(result.code).toBe(1)
    expect(result.err).toContain('Line 2: the record /text has a lone surrogate')
  })

  it('backs up, erases a space and restores it from the backup', async () => {
    await importRecords()
    expect((await run('backup', '--data', 'data.db', '--to', 'backup.db', '--confirm')).out).toContain(
      'counts as durable',
    )
    expect((await run('erase', '--data', 'data.db', '--space', 's', '--yes')).out).toContain("Space 's' is erased.")
    expect((await run('restore', '--data', 'data.db', '--from', 'backup.db', '--yes')).out).toContain(
      'Restored data.db',
    )
    expect((await importRecords()).out).toContain('5000 of them were there already')
  })

  it('makes no database where there is none to back up, to erase from or to restore from', async () => {
    const backup = await run('backup', '--data', 'typo.db', '--to', 'backup.db', '--confirm')
    const erase = await run('erase', '--data', 'typo.db', '--space', 's', '--yes')
    for (const { code, err } of [backup, erase]) expect([code, err]).toEqual([1, 'There is no database typo.db.\n'])
    const restore = await run('restore', '--data', 'data.db', '--from', 'typo.db', '--yes')
    expect([restore.code, restore.err]).toEqual([1, 'typo.db cannot be opened: is it there, and may it be read?\n'])
    expect(readdirSync(folder)).toEqual(['partner.ts'])
  })

  it('does nothing dangerous without --yes', async () => {
    await importRecords()
    expect(await run('erase', '--data', 'data.db', '--space', 's')).toMatchObject({ code: 1 })
    expect(await run('restore', '--data', 'data.db', '--from', 'nothing.db')).toMatchObject({ code: 1 })
    expect((await importRecords()).out).toContain('5000 of them were there already')
  })

  it('does not start without authenticate, and says so', async () => {
    writeFileSync(join(folder, 'open.ts'), `export const schema = { version: 1, collections: {} }`)
    const result = await run('serve', '--partner', 'open.ts', '--data', 'data.db')
    expect(result.code).toBe(1)
    expect(result.err).toContain("must export the function 'authenticate'")
  })

  it('serves until it is told to stop, and then ends by itself', async () => {
    const args = ['--conditions=source', MAIN, 'serve', '--partner', 'partner.ts', '--data', 'data.db', '--port', '0']
    const server = spawn(process.execPath, args, { cwd: folder })
    const [line] = (await once(server.stdout, 'data')) as [Buffer]
    const url = /http:\S+/.exec(line.toString())?.[0] as string
    const response = await fetch(url, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } })
    expect(response.status).toBe(426)
    server.kill('SIGTERM')
    expect(await once(server, 'exit')).toEqual([0, null])
  })
})
