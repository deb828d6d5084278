import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { mutationOf } from '../../testing/scripted-initiator.ts'
import { sqlitePartner, tempFile } from '../../testing/test-partner.fixture.ts'
import { LAYOUT_VERSION } from './layout.ts'
import { restoreBackup, sqliteStorage, type SqliteStorage } from './index.ts'

const write = (id: string) => mutationOf({ op: 'put', collection: 'notes', id, base: null, value: { id } })

describe('a SQLite file', () => {
  test('is written with WAL and synchronous=FULL', async () => {
    const path = tempFile()
    await sqliteStorage(path).close()
    const database = new DatabaseSync(path)
    expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' })
    database.close()
  })

  test('of a newer version, of another program, or damaged is refused and left as it is', async () => {
    const newer = tempFile()
    await sqliteStorage(newer).close()
    const database = new DatabaseSync(newer)
    database.exec('PRAGMA user_version = 99')
    database.close()
    expect(() => sqliteStorage(newer)).toThrow(/newer version/)
    const foreign = tempFile()
    const other = new DatabaseSync(foreign)
    // Our numbers alone make no file ours.
    other.exec(`CREATE TABLE things (x); PRAGMA user_version = ${LAYOUT_VERSION}`)
    other.close()
    const before = readFileSync(foreign)
    expect(() => sqliteStorage(foreign)).toThrow(/another program/)
    expect(readFileSync(foreign)).toEqual(before)
    const damaged = tempFile()
    writeFileSync(damaged, 'not a database at all, but long enough to be read as one'.repeat(20))
    expect(() => sqliteStorage(damaged)).toThrow(/not a database/)
  })

  test('a backup is whole while exchanges go on, and only what it held becomes durable', async () => {
    const path = tempFile()
    const world = sqlitePartner(path)
    const ann = world.initiator()
    await ann.sync()
    await ann.sync([write('a')])
    await ann.sync()
    const { n } = ann.key as { n: number }
    const target = tempFile('backup.db')
    const storage = world.storage as SqliteStorage
    const [, during] = await Promise.all([storage.backup(target, { isDurable: true }), ann.sync([write('b')])])
    expect(during).toHaveLength(1)
    const answer = await ann.send(ann.compose())
    expect(answer).toMatchObject({ head: { durable: n } })
    expect((await world.partner.inspect('s1')).durableHead).toBe(1)
    expect(readdirSync(dirname(target)).filter((name) => name.includes('.part'))).toEqual([])
    const copy = sqlitePartner(target)
    expect(await copy.partner.read('s1', 'notes', 'a')).not.toBeNull()
  })

  test('restoring what is no backup changes nothing', async () => {
    const path = tempFile()
    const world = sqlitePartner(path)
    await world.partner.transact('s1', (tx) => tx['notes']?.put({ id: 'a' }))
    await world.partner.close()
    const nonsense = tempFile('nonsense.db')
    writeFileSync(nonsense, 'nonsense')
    await expect(restoreBackup(nonsense, path)).rejects.toMatchObject({ code: 'unreadable' })
    await expect(restoreBackup(`${path}.missing`, path)).rejects.toThrow(/missing cannot be opened: is it there/)
    expect(existsSync(`${path}.missing`)).toBe(false)
    expect(await sqlitePartner(path).partner.read('s1', 'notes', 'a')).not.toBeNull()
  })

  test('two processes’ connections on one file wait for each other', async () => {
    const path = tempFile()
    const one = sqlitePartner(path)
    const two = sqlitePartner(path)
    const ann = one.initiator()
    const bob = two.initiator({ account: 'bob' })
    await ann.sync()
    await bob.sync()
    await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        (index % 2 === 0 ? one : two).partner.transact('s1', (tx) => tx['notes']?.put({ id: `${index}` })),
      ),
    )
    await ann.sync()
    await bob.sync()
    expect(ann.records.size).toBe(10)
    expect(bob.records).toEqual(ann.records)
  })
})
