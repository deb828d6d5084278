import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { GroupCommit } from './group-commit.ts'

let folder: string
let database: DatabaseSync
let other: DatabaseSync
let jobs: GroupCommit

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'group-commit-'))
  database = new DatabaseSync(join(folder, 'test.db'))
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON;
    CREATE TABLE parents (id INTEGER PRIMARY KEY);
    CREATE TABLE children (parent INTEGER REFERENCES parents DEFERRABLE INITIALLY DEFERRED)`)
  other = new DatabaseSync(join(folder, 'test.db'), { readOnly: true })
  jobs = new GroupCommit(database)
})

afterEach(() => {
  other.close()
  if (database.isOpen) database.close()
  rmSync(folder, { recursive: true })
})

const insert = (id: number) => async (): Promise<number> => {
  database.prepare('INSERT INTO parents VALUES (?)').run(id)
  return id
}
const insertOrphan = async (): Promise<void> => {
  database.exec('INSERT INTO children VALUES (99)')
}
const idsSeenBy = (connection: DatabaseSync): unknown[] =>
  connection
    .prepare('SELECT id FROM parents ORDER BY id')
    .all()
    .map((row) => row['id'])

describe('jobs that come together', () => {
  test('share one commit, in the order in which they came', async () => {
    const exec = vi.spyOn(database, 'exec')
    const order: number[] = []
    const ids = [3, 1, 2]
    const values = await Promise.all(
      ids.map((id) =>
        jobs.run('write', async () => {
          order.push(id)
          return insert(id)()
        }),
      ),
    )
    expect(values).toEqual(ids)
    expect(order).toEqual(ids)
    expect(exec.mock.calls.map(([sql]) => sql)).toEqual(['BEGIN IMMEDIATE', 'COMMIT'])
    expect(idsSeenBy(other)).toEqual([1, 2, 3])
  })

  test('one resolves only when others can see what it wrote', async () => {
    const seenInside: unknown[] = []
    const first = jobs.run('write', insert(1)).then(() => idsSeenBy(other))
    const second = jobs.run('write', async () => {
      seenInside.push(...idsSeenBy(other))
      return insert(2)()
    })
    await second
    expect(seenInside).toEqual([])
    expect(await first).toEqual([1, 2])
  })

  test('one that throws is rolled back alone', async () => {
    const failing = jobs.run('write', async () => {
      await insert(2)()
      throw new Error('changed its mind')
    })
    const [before, failed, after] = await Promise.allSettled([
      jobs.run('write', insert(1)),
      failing,
      jobs.run('write', insert(3)),
    ])
    expect(before.status).toBe('fulfilled')
    expect(failed).toMatchObject({ status: 'rejected', reason: { message: 'changed its mind' } })
    expect(after.status).toBe('fulfilled')
    expect(idsSeenBy(other)).toEqual([1, 3])
  })

  test('all reject if the commit fails, nothing of them is there, and the next ones pass', async () => {
    const settled = await Promise.allSettled([jobs.run('write', insert(1)), jobs.run('write', insertOrphan)])
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(idsSeenBy(other)).toEqual([])
    await jobs.run('write', insert(2))
    expect(idsSeenBy(other)).toEqual([2])
  })

  test('a reader that comes before a writer does not make it wait for a lock, and sees none of it', async () => {
    const reading = jobs.run('read', async () => idsSeenBy(database))
    const writing = jobs.run('write', insert(1))
    expect(await reading).toEqual([])
    expect(await writing).toBe(1)
  })

  test('one that wants to be alone comes after all that wait', async () => {
    const writing = jobs.run('write', insert(1))
    await jobs.run('alone', async () => database.close())
    expect(await writing).toBe(1)
    expect(idsSeenBy(other)).toEqual([1])
  })
})
