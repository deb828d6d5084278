import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { cp, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CLUSTER_URL, OWNER, RUNTIME, TEMPLATE } from './postgres-cluster.ts'

const execute = promisify(execFile)

/** What a server keeps, and what may happen to it while the server is down. */
export interface ServerData {
  /** What the server is told: a folder, or a connection string. */
  readonly place: string
  /** Makes it, empty, unless it is there. */
  prepare(): Promise<void>
  backUp(name: string): Promise<void>
  /** Puts a backup in its place: what came since is lost. */
  restore(name: string): Promise<void>
  /** Loses all. */
  wipe(): Promise<void>
  /** The test is over. */
  remove(): Promise<void>
}

/** Where the scenarios' servers keep their data: files in the folder, or a database of the run's cluster (`E2E_STORAGE=postgres`). */
export function serverData(folder: string): ServerData {
  const clusterUrl = process.env[CLUSTER_URL]
  return clusterUrl === undefined ? filesIn(folder) : databaseOf(clusterUrl)
}

function filesIn(folder: string): ServerData {
  const place = join(folder, 'data')
  const backup = (name: string): string => join(folder, `backup-${name}`)
  return {
    place,
    prepare: async () => void (await mkdir(place, { recursive: true })),
    backUp: (name) => cp(place, backup(name), { recursive: true }),
    async restore(name) {
      await rm(place, { recursive: true })
      await cp(backup(name), place, { recursive: true })
    },
    wipe: () => rm(place, { recursive: true }),
    // Its folder is the test's.
    remove: async () => undefined,
  }
}

/** A backup is a copy of the database, and so is an empty one: of the template. */
function databaseOf(clusterUrl: string): ServerData {
  const name = `e2e_${randomUUID().replaceAll('-', '')}`
  const backups = new Set<string>()
  const place = new URL(clusterUrl)
  place.username = RUNTIME
  place.pathname = `/${name}`
  let isThere = false
  const sql = (...statements: readonly string[]): Promise<unknown> =>
    execute('psql', ['-qAtX', '-v', 'ON_ERROR_STOP=1', ...statements.flatMap((each) => ['-c', each]), clusterUrl])
  // Connections of the server that was killed may not have noticed.
  const copy = (from: string, to: string): Promise<unknown> =>
    sql(
      `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '${from}'`,
      `CREATE DATABASE ${to} TEMPLATE ${from} OWNER ${OWNER}`,
    )
  const drop = (which: string): Promise<unknown> => sql(`DROP DATABASE IF EXISTS ${which} WITH (FORCE)`)
  return {
    place: place.href,
    async prepare() {
      if (!isThere) await sql(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE} OWNER ${OWNER}`)
      isThere = true
    },
    async backUp(backup) {
      backups.add(`${name}_${backup}`)
      await copy(name, `${name}_${backup}`)
    },
    async restore(backup) {
      await drop(name)
      await copy(`${name}_${backup}`, name)
    },
    async wipe() {
      await drop(name)
      isThere = false
    },
    async remove() {
      for (const each of [name, ...backups]) await drop(each)
    },
  }
}
