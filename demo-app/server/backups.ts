import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { restoreBackup } from 'web-sync-server'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'

/** How many backups are kept: one could go back to the state before any of so many exchanges. */
const BACKUPS_KEPT = 1_000

/** A backup, without its content. */
export interface BackupEntry {
  readonly seq: number
  readonly atMs: number
  /** Size of the database. */
  readonly bytes: number
}

/** Backups of one small database, taken before each exchange that may change it: what a real operator has nightly, only finer. */
export interface Backups {
  /** Takes one if the database has changed since the last. Cheap: a few milliseconds for a team's database. */
  readonly take: () => void
  /** Newest first. */
  readonly list: (limit: number) => BackupEntry[]
  readonly count: () => number
  /**
   * Puts the state of `ago` backups ago in the place of the database: 1 is the newest. The database must be closed meanwhile
   * (`pause`, then `resume` once it is open again). Null if there is no such backup. Newer ones are forgotten.
   */
  readonly restore: (ago: number) => Promise<BackupEntry | null>
  /** Lets go of the database's file. */
  readonly pause: () => void
  readonly resume: () => void
  readonly close: () => void
}

/** Backups of the database `file`, kept in a database of their own beside it. */
export function openBackups(data: string, file: string): Backups {
  const ring = new DatabaseSync(join(data, 'team-backups.db'))
  // Losing the last backups with the power is no harm, and each exchange waits for its backup.
  ring.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF')
  ring.exec('CREATE TABLE IF NOT EXISTS backup (seq INTEGER PRIMARY KEY, at INTEGER, bytes INTEGER, image BLOB)')
  const copy = join(data, 'team-backup.tmp')
  let source: DatabaseSync | null = null
  let versionSeen: unknown = null
  const openSource = (): DatabaseSync => (source ??= new DatabaseSync(file))

  const pause = (): void => {
    source?.close()
    source = null
    versionSeen = null
  }
  return {
    take: () => {
      const database = openSource()
      const version = database.prepare('PRAGMA data_version').get()?.['data_version']
      if (version === versionSeen) return
      versionSeen = version
      rmSync(copy, { force: true })
      database.prepare('VACUUM INTO ?').run(copy)
      const content = readFileSync(copy)
      ring
        .prepare('INSERT INTO backup (at, bytes, image) VALUES (?, ?, ?)')
        .run(Date.now(), content.length, zstdCompressSync(content))
      ring.prepare('DELETE FROM backup WHERE seq <= (SELECT max(seq) FROM backup) - ?').run(BACKUPS_KEPT)
    },
    list: (limit) =>
      ring.prepare('SELECT seq, at, bytes FROM backup ORDER BY seq DESC LIMIT ?').all(limit).map(rowToEntry),
    count: () => Number(ring.prepare('SELECT count(*) AS count FROM backup').get()?.['count']),
    restore: async (ago) => {
      const row = ring.prepare('SELECT * FROM backup ORDER BY seq DESC LIMIT 1 OFFSET ?').get(ago - 1)
      if (row === undefined) return null
      const entry = rowToEntry(row)
      writeFileSync(copy, zstdDecompressSync(row['image'] as Uint8Array))
      await restoreBackup(copy, file)
      rmSync(copy)
      ring.prepare('DELETE FROM backup WHERE seq >= ?').run(entry.seq)
      return entry
    },
    pause,
    resume: () => void openSource(),
    close: () => {
      pause()
      ring.close()
    },
  }
}

/** Deletes a database with its companions. */
export function removeDatabase(file: string): void {
  for (const ending of ['', '-wal', '-shm']) if (existsSync(file + ending)) rmSync(file + ending)
}

function rowToEntry(row: Readonly<Record<string, unknown>>): BackupEntry {
  return { seq: Number(row['seq']), atMs: Number(row['at']), bytes: Number(row['bytes']) }
}
