import { DatabaseSync } from 'node:sqlite'
import { describe, expect, onTestFinished, test } from 'vitest'
import { MOVED_TABLES, type MoveSource, sqliteStorage } from './index.ts'
import { moveIntoPostgres, postgresStorage } from './storage/postgres/index.ts'
import { drainFile, reopenFile } from './storage/sqlite/index.ts'
import { sql, type TestDatabase, withPostgres } from './testing/postgres.fixture.ts'
import { mutationOf, type ScriptedInitiator } from './testing/scripted-initiator.ts'
import { tempFile, testPartner, type TestPartner } from './testing/test-partner.fixture.ts'

const server = withPostgres()

const put = (id: string, text: string) =>
  mutationOf({ op: 'put', collection: 'notes', id, base: null, value: { id, text } })

interface Begun {
  readonly path: string
  readonly world: TestPartner
  readonly ann: ScriptedInitiator
  readonly ben: ScriptedInitiator
}

/** A file in which every table has rows: two spaces, keys of all ages, refusals, deletions, one that waits, a lost history that was seen. */
async function begin(): Promise<Begun> {
  const path = tempFile()
  const world = testPartner({ storage: sqliteStorage(path) })
  onTestFinished(() => world.storage.close())
  const [ann, ben] = [world.initiator(), world.initiator({ space: 'ben', account: 'ben' })]
  for (const each of [ann, ben]) {
    await each.sync()
    for (let step = 0; step < 30; step += 1) {
      await each.sync([put(`n${step % 7}`, `\u0001 “${step}” \u{1f600}`), put(`m${step}`, 'x'.repeat(step * 100))])
    }
    const base = each.records.get('notes/n1')?.version ?? null
    const gone = { op: 'delete', collection: 'notes', id: 'n1', base } as const
    const never = {
      op: 'delete',
      collection: 'notes',
      id: 'never',
      base: null,
      baseMutation: crypto.randomUUID(),
    } as const
    await each.sync([
      mutationOf(gone),
      mutationOf(never),
      mutationOf({ ...put('a', '1').ops[0], collection: 'none' } as never),
    ])
  }
  await world.storage.transaction('ben', async (tx) => {
    await tx.noteRestoreSeen(7)
    await tx.putForgotten({ account: 'ben', originId: 'a'.repeat(32), numbers: '1-3' })
  })
  await world.storage.markDurable('s1')
  return { path, world, ann, ben }
}

/** All rows of a table, as lines in an order of their own. */
function linesOfFile(path: string, table: string): readonly string[] {
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    return database.prepare(`SELECT * FROM ${table}`).all().map(toLine).toSorted()
  } finally {
    database.close()
  }
}

async function linesOfDatabase({ adminUrl }: TestDatabase, table: string): Promise<readonly string[]> {
  return (await sql(adminUrl, `SELECT * FROM web_sync.${table}`)).map(toLine).toSorted()
}

function toLine(row: Record<string, unknown>): string {
  return Object.keys(row)
    .toSorted()
    .map((name) => `${name}=${toText(row[name])}`)
    .join(' ')
}

/** bigint comes as text from one driver, booleans are 0 and 1 in the other database. */
function toText(value: unknown): string {
  return JSON.stringify(typeof value === 'boolean' ? Number(value) : value).replaceAll('"', '')
}

describe('a move from SQLite to PostgreSQL', () => {
  test('carries every row of every table as it is, and every device goes on with its key', async () => {
    const { path, world, ann, ben } = await begin()
    const database = await server.database()
    const waiting = put('late', 'written while it was moved')
    const lost = ann.compose([put('answered', 'but the answer was lost')])
    const before = await ann.send(lost)
    const source = drainFile(path)
    expect(await ann.send(ann.compose([waiting]))).toMatchObject({ status: 503, problem: { code: 'behind' } })
    const result = await moveIntoPostgres({ url: database.url, openSource: () => source })
    source.close()
    expect(result.spaces).toBe(2)
    for (const { name } of MOVED_TABLES) {
      const there = await linesOfDatabase(database, name)
      expect(there).toEqual(linesOfFile(path, name))
      expect([name, there.length]).toEqual([name, result.rows[name]])
      expect(there.length).toBeGreaterThan(0)
    }
    const moved = testPartner({ storage: postgresStorage({ url: database.url }) })
    onTestFinished(() => moved.storage.close())
    const go = (each: ScriptedInitiator) => each.copy({ fetch: (request) => moved.partner.fetch(request) })
    const [annThere, benThere] = [go(ann), go(ben)]
    // A key that was answered and whose answer was lost, an ask that is sent again as it was, and a device that missed nothing.
    // To all of them it is the same partner.
    const partnerId = before.type === 'reply' ? before.head.partnerId : null
    expect(await annThere.send(lost)).toMatchObject({ type: 'reply', head: { partnerId } })
    await annThere.sync([waiting])
    await benThere.sync()
    expect(moved.events.filter((event) => event.type === 'exchange').map((event) => event.case)).toEqual([
      'K2',
      'K2',
      'K1',
    ])
    expect(annThere.records.has('notes/late') && annThere.records.has('notes/answered')).toBe(true)
    expect((await moved.partner.inspect('s1')).head).toBe((await world.partner.inspect('s1')).head + 1)
  })

  test('moves all columns that there are', async () => {
    const { path } = await begin()
    const { adminUrl } = await server.database()
    const database = new DatabaseSync(path, { readOnly: true })
    const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all()
    // The partner's own id is no row of a space: it has a way of its own.
    expect([...MOVED_TABLES.map(({ name }) => name), 'partner'].toSorted()).toEqual(tables.map(({ name }) => name))
    for (const { name, columns } of MOVED_TABLES) {
      const names = ['space', ...columns.map(([column]) => column)].toSorted()
      const here = database.prepare(`SELECT name FROM pragma_table_info('${name}') ORDER BY name`).all()
      const there = `SELECT column_name AS name FROM information_schema.columns WHERE table_schema = 'web_sync' AND table_name = '${name}'`
      expect(here.map((row) => row['name'])).toEqual(names)
      expect((await sql(adminUrl, there)).map((row) => String(row['name'])).toSorted()).toEqual(names)
    }
    database.close()
  })

  test('into a database that holds something does not begin, and the file takes writes as before', async () => {
    const { path, ann } = await begin()
    const database = await server.database()
    const taken = testPartner({ storage: postgresStorage({ url: database.url }) })
    await taken.initiator().sync()
    await taken.storage.close()
    let isOpened = false
    const openSource = (): MoveSource => {
      isOpened = true
      return drainFile(path)
    }
    await expect(moveIntoPostgres({ url: database.url, openSource })).rejects.toMatchObject({ code: 'invalid-option' })
    const asOwner = moveIntoPostgres({ url: database.ownerUrl, openSource })
    await expect(asOwner).rejects.toMatchObject({ code: 'invalid-option' })
    expect(isOpened).toBe(false)
    await ann.sync([put('still', 'here')])
  })

  test('that is stopped in the middle leaves nothing there; the file is drained until it is opened again', async () => {
    const { path, world, ann } = await begin()
    const database = await server.database()
    const stopping = new AbortController()
    const source = drainFile(path)
    const stopped = moveIntoPostgres({
      url: database.url,
      openSource: () => source,
      signal: stopping.signal,
      onProgress: ({ spaces }) => spaces === 1 && stopping.abort(new Error('enough')),
    })
    await expect(stopped).rejects.toThrow('enough')
    for (const { name } of MOVED_TABLES) expect(await linesOfDatabase(database, name)).toEqual([])
    await expect(world.partner.transact('s1', (tx) => tx['notes']?.put({ id: 'a' }))).rejects.toMatchObject({
      code: 'behind',
    })
    expect((await world.partner.inspect('s1')).head).toBeGreaterThan(0)
    // The mark outlives whoever set it.
    source.close()
    const again = sqliteStorage(path)
    expect([again.refusesBehind, await again.isPrimary()]).toEqual([true, false])
    await again.close()
    reopenFile(path)
    await ann.sync([put('on', 'it goes')])
  })

  test('is undone if what is read back is not what was there', async () => {
    const { path } = await begin()
    const database = await server.database()
    const source = drainFile(path)
    const without = (id: string): MoveSource => ({
      readPartnerId: () => source.readPartnerId(),
      listSpaces: () => source.listSpaces(),
      *readRows(table, space) {
        for (const row of source.readRows(table, space)) if (table.name !== 'records' || row[1] !== id) yield row
      },
    })
    const moving = moveIntoPostgres({ url: database.url, openSource: () => without('m3') })
    await expect(moving).rejects.toMatchObject({
      code: 'unreadable',
      message: expect.stringContaining('digest') as string,
    })
    expect(await linesOfDatabase(database, 'records')).toEqual([])
    source.close()
  })
})
