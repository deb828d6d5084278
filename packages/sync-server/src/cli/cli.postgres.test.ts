import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { RUNTIME, sql, withPostgres } from '../testing/postgres.fixture.ts'

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))
const PROTOCOL = pathToFileURL(fileURLToPath(new URL('../../../sync-protocol/src/index.ts', import.meta.url))).href
const server = withPostgres()

interface Outcome {
  readonly isGood: boolean
  readonly text: string
}

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sync-server-cli-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'places.ndjson'), '{"id":"a"}\n{"id":"b"}\n')
  writeFileSync(
    join(folder, 'partner.ts'),
    `import { collection, defineSchema } from '${PROTOCOL}'
     export const schema = defineSchema({ version: 1, collections: { places: collection(null) } })
     export const authenticate = async () => ({ account: 'ann' })
     export const authorize = () => 'write'`,
  )
  return folder
}

function run(cwd: string, ...args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['--conditions=source', MAIN, ...args], { cwd }, (error, out, err) => {
      resolve({ isGood: error === null, text: out + err })
    })
  })
}

describe('sync-server on PostgreSQL', () => {
  it('migrates as the owner, imports, serves and erases as the runtime role, and as nobody else', async () => {
    const folder = makeFolder()
    const { url, ownerUrl } = await server.database()
    await sql(ownerUrl, 'DROP SCHEMA web_sync CASCADE')
    const rows = ['--partner', 'partner.ts', '--space', 's', '--collection', 'places', 'places.ndjson']
    expect(await run(folder, 'import', '--postgres', url, ...rows)).toMatchObject({
      isGood: false,
      text: expect.stringContaining('run sync-server migrate') as string,
    })
    const migrate = ['migrate', '--postgres', ownerUrl, '--role', RUNTIME]
    expect((await run(folder, ...migrate)).text).toContain('version 2: ran 0001-tables.sql, 0002-walls.sql.')
    expect((await run(folder, ...migrate)).text).toContain('version 2: nothing was to do.')
    expect((await run(folder, 'import', '--postgres', ownerUrl, ...rows)).text).toContain('must not run as the owner')
    expect((await run(folder, 'import', '--postgres', url, ...rows)).text).toContain('Imported 2 records; 0')
    const args = ['serve', '--partner', 'partner.ts', '--postgres', url, '--port', '0']
    const serving = spawn(process.execPath, ['--conditions=source', MAIN, ...args], { cwd: folder })
    const [line] = (await once(serving.stdout, 'data')) as [Buffer]
    expect(line.toString()).toContain('The partner answers at http://127.0.0.1:')
    serving.kill('SIGTERM')
    expect(await once(serving, 'exit')).toEqual([0, null])
    const backUp = (...rest: readonly string[]): Promise<Outcome> => run(folder, 'backup', '--postgres', ...rest)
    expect((await backUp(ownerUrl)).text).toContain('Give --confirm and the command')
    expect((await backUp(ownerUrl, '--confirm', '--', 'cp', 'nothing', 'nowhere')).text).toContain(
      'Nothing was marked.',
    )
    expect((await backUp(url, '--confirm', '--', 'true')).text).toContain('connect as the role that migrates')
    const good = await backUp(ownerUrl, '--confirm', '--', 'cp', 'places.ndjson', 'copy.ndjson')
    expect(good.text).toContain('what 1 spaces had before counts as durable')
    expect(await sql(ownerUrl, 'SELECT head = durable_head AS is_durable FROM web_sync.spaces')).toEqual([
      { is_durable: true },
    ])
    expect((await run(folder, 'erase', '--postgres', url, '--space', 's', '--yes')).text).toContain("'s' is erased")
    expect((await run(folder, 'erase', '--postgres', url, '--data', 'x', '--space', 's', '--yes')).text).toContain(
      'Give --data or --postgres, one of them.',
    )
  })
})
