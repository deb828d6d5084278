import { randomUUID } from 'node:crypto'
import { closeSync, copyFileSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { backup, DatabaseSync } from 'node:sqlite'
import { PartnerError } from '../../contract/index.ts'
import { systemClock } from '../../contract/wall-clock.ts'
import { hasLayout } from './layout.ts'
import { openDatabase, withOurErrors } from './open-database.ts'

/** Pages for one step: so many that a copy is one step, which shows one state and is not begun anew when others write. */
const ALL_PAGES = 0x7fffffff

/** Writes a consistent copy of an open database; the file appears under its name when it is whole and on the disk. */
export async function writeBackup(database: DatabaseSync, toPath: string): Promise<void> {
  const partPath = `${toPath}.${randomUUID()}.part`
  const fromPath = database.location()
  // A connection of its own reads one snapshot of the WAL while exchanges go on; a database in memory has none.
  const source = fromPath === null ? database : new DatabaseSync(fromPath, { readOnly: true, timeout: 5_000 })
  try {
    await backup(source, partPath, { rate: ALL_PAGES })
    finish(partPath, toPath)
  } catch (error) {
    rmSync(partPath, { force: true })
    throw error
  } finally {
    if (source !== database) source.close()
  }
}

/**
 * Puts a backup in the place of a database that no process has open, and marks its history as restored: initiators whose key is too old
 * then keep for the user what the partner no longer has, instead of taking it for deleted. Throws PartnerError 'unreadable' if `fromPath`
 * is no backup of ours, 'newer-schema' or 'older-layout' if it has another version's tables; then nothing was changed.
 */
export async function restoreBackup(
  fromPath: string,
  toPath: string,
  atMs: number = systemClock.nowMs(),
): Promise<void> {
  const partPath = `${toPath}.${randomUUID()}.part`
  try {
    withOurErrors(fromPath, () => checkBackup(fromPath))
    copyFileSync(fromPath, partPath)
    const database = openDatabase(partPath)
    database.prepare('UPDATE spaces SET restored_at_ms = ?').run(atMs)
    // Leaves no -wal file beside the part: all of it is in the one file that is renamed.
    database.exec('PRAGMA journal_mode = DELETE')
    database.close()
    for (const suffix of ['-wal', '-shm']) rmSync(`${toPath}${suffix}`, { force: true })
    finish(partPath, toPath)
  } finally {
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${partPath}${suffix}`, { force: true })
  }
}

function checkBackup(path: string): void {
  const database = new DatabaseSync(path, { readOnly: true })
  try {
    if (hasLayout(database, path)) return
    throw new PartnerError('unreadable', `${path} is no backup of web-sync-server: name a file that \`backup\` wrote`)
  } finally {
    database.close()
  }
}

/** On the disk first, then under its name. */
function finish(partPath: string, toPath: string): void {
  sync(partPath)
  renameSync(partPath, toPath)
  sync(dirname(toPath))
}

function sync(path: string): void {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
