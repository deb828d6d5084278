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
    expect((await run(folder, 'erase', '--postgres', url, '--space', 's', '--yes')).text).toContain("'s' is erased")
    expect((await run(folder, 'erase', '--postgres', url, '--data', 'x', '--space', 's', '--yes')).text).toContain(
      'Give --data or --postgres, one of them.',
    )
  })

  it('moves a file into an empty database and no other, and only on purpose', async () => {
    const folder = makeFolder()
    const { url } = await server.database()
    const rows = ['--partner', 'partner.ts', '--space', 's', '--collection', 'places', 'places.ndjson']
    const move = ['move', '--data', 'data.db', '--postgres', url]
    expect((await run(folder, ...move, '--yes')).text).toContain('there is no database data.db')
    expect((await run(folder, 'import', '--data', 'data.db', ...rows)).isGood).toBe(true)
    expect((await run(folder, ...move)).text).toContain('Add --yes.')
    expect(await run(folder, ...move, '--yes')).toMatchObject({
      isGood: true,
      text: expect.stringContaining('Moved and compared 1 spaces: 1 spaces, 0 sightings, 2 records') as string,
    })
    expect((await run(folder, ...move, '--yes')).text).toContain('holds spaces already')
    expect((await run(folder, 'import', '--data', 'data.db', ...rows)).text).toContain('takes no more writes')
    expect((await run(folder, 'import', '--postgres', url, ...rows)).text).toContain('2 of them were there already')
    expect((await run(folder, 'move', '--data', 'data.db', '--undo')).text).toContain('Two histories')
    expect((await run(folder, 'move', '--data', 'data.db', '--undo', '--yes')).text).toContain('takes writes again')
    expect((await run(folder, 'import', '--data', 'data.db', ...rows)).isGood).toBe(true)
  })

  it('that moves and is stopped leaves the file as it was', async () => {
    const folder = makeFolder()
    const { url } = await server.database()
    const rows = ['--partner', 'partner.ts', '--space', 's', '--collection', 'places']
    const lines = Array.from({ length: 200_000 }, (_, index) => JSON.stringify({ id: `p${index}` }))
    writeFileSync(join(folder, 'many.ndjson'), lines.join('\n'))
    await run(folder, 'import', '--data', 'data.db', '--batch', '20000', ...rows, 'many.ndjson')
    const args = ['move', '--data', 'data.db', '--postgres', url, '--yes']
    const moving = spawn(process.execPath, ['--conditions=source', MAIN, ...args], { cwd: folder })
    await once(moving.stderr, 'data')
    moving.kill('SIGINT')
    expect(await once(moving, 'exit')).toEqual([1, null])
    expect((await run(folder, 'import', '--data', 'data.db', ...rows, 'places.ndjson')).isGood).toBe(true)
    expect((await run(folder, 'erase', '--postgres', url, '--space', 's', '--yes')).text).toContain('no space')
  })
})
