import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { postgresStorage } from '../storage/postgres/index.ts'
import { findBinaries } from '../testing/node/postgres-tools.ts'
import { databaseOf, RUNTIME, sql, withPostgres } from '../testing/postgres.fixture.ts'
import { mutationOf } from '../testing/scripted-initiator.ts'
import { testPartner } from '../testing/test-partner.fixture.ts'

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))
const PROTOCOL = pathToFileURL(fileURLToPath(new URL('../../../web-sync-protocol/src/index.ts', import.meta.url))).href
const server = withPostgres()

const write = (id: string) => mutationOf({ op: 'put', collection: 'notes', id, base: null, value: { id } })

interface Outcome {
  readonly isGood: boolean
  readonly text: string
}

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'web-sync-server-cli-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'places.ndjson'), '{"id":"a"}\n{"id":"b"}\n')
  writeFileSync(
    join(folder, 'partner.ts'),
    `import { collection, defineSchema } from '${PROTOCOL}'
     export const schema = defineSchema({ app: 'test', version: 1, collections: { places: collection(null) } })
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

describe('web-sync-server on PostgreSQL', () => {
  it('migrates as the owner, imports, serves and erases as the runtime role, and as nobody else', async () => {
    const folder = makeFolder()
    const { url, ownerUrl } = await server.database()
    await sql(ownerUrl, 'DROP SCHEMA web_sync CASCADE')
    const rows = ['--partner', 'partner.ts', '--space', 's', '--collection', 'places', 'places.ndjson']
    expect(await run(folder, 'import', '--postgres', url, ...rows)).toMatchObject({
      isGood: false,
      text: expect.stringContaining('run web-sync-server migrate') as string,
    })
    const migrate = ['migrate', '--postgres', ownerUrl, '--role', RUNTIME]
    expect((await run(folder, ...migrate)).text).toContain('version 8: ran 0007-tables.sql, 0008-walls.sql.')
    expect((await run(folder, ...migrate)).text).toContain('version 8: nothing was to do.')
    expect((await run(folder, 'import', '--postgres', ownerUrl, ...rows)).text).toContain('must not run as the owner')
    expect((await run(folder, 'import', '--postgres', url, ...rows)).text).toContain('Imported 2 records; 0')
    const args = ['serve', '--partner', 'partner.ts', '--postgres', url, '--port', '0']
    const serving = spawn(process.execPath, ['--conditions=source', MAIN, ...args], { cwd: folder })
    const [line] = (await once(serving.stdout, 'data')) as [Buffer]
    expect(line.toString()).toContain('The partner answers at http://127.0.0.1:')
    serving.kill('SIGTERM')
    expect(await once(serving, 'exit')).toEqual([0, null])
    const backUp = (...rest: readonly string[]): Promise<Outcome> => run(folder, 'backup', '--postgres', ...rest)
    expect((await backUp(ownerUrl, '--confirm', '--', 'cp', 'nothing', 'nowhere')).text).toContain(
      'Nothing was marked.',
    )
    expect((await backUp(url, '--confirm', '--', 'true')).text).toContain('connect as the role that migrates')
    expect((await run(folder, 'erase', '--postgres', url, '--space', 's', '--yes')).text).toContain("'s' is erased")
    expect((await run(folder, 'erase', '--postgres', url, '--data', 'x', '--space', 's', '--yes')).text).toContain(
      'Give --data or --postgres, one of them.',
    )
  })

  it('backs up by pg_dump, and a database that is restored from it sends devices back to what both have', async () => {
    const folder = makeFolder()
    const database = await server.database()
    const ann = testPartner({ storage: postgresStorage({ url: database.url }) }).initiator()
    await ann.sync()
    await ann.sync([write('a')])
    await ann.sync()
    const binaries = await findBinaries()
    const dump = join(folder, 'today.dump')
    const command = [join(binaries, 'pg_dump'), '-Fc', '-f', dump, database.ownerUrl]
    const backUp = await run(folder, 'backup', '--postgres', database.ownerUrl, '--confirm', '--', ...command)
    expect(backUp.text).toContain('what 1 spaces had before counts as durable')
    expect(await sql(database.ownerUrl, 'SELECT head = durable_head AS is_durable FROM web_sync.spaces')).toEqual([
      { is_durable: true },
    ])
    const { key } = ann
    await ann.sync([write('b')])
    await ann.sync()
    const restored = databaseOf(server.cluster(), `${database.name}_restored`)
    await sql(server.cluster().url(), `CREATE DATABASE ${restored.name} OWNER web_sync_owner`)
    await promisify(execFile)(join(binaries, 'pg_restore'), ['-d', restored.adminUrl, dump])
    await sql(restored.ownerUrl, 'UPDATE web_sync.spaces SET restored_at_ms = extract(epoch FROM now()) * 1000')
    const world = testPartner({ storage: postgresStorage({ url: restored.url }) })
    const back = ann.copy({ fetch: (request) => world.partner.fetch(request) })
    expect(await back.send(back.compose())).toMatchObject({
      problem: { reason: 'regressed', rollbackTo: { partnershipId: ann.partnershipId, ...(key as object) } },
    })
    expect(await world.partner.read('s1', 'notes', 'a')).toMatchObject({ value: { id: 'a' } })
    expect(await world.partner.read('s1', 'notes', 'b')).toBeNull()
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
