import { chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findBinaries, findUser, runTool, type Tools } from './postgres-tools.ts'
import { findFreePort, startServer, type Server } from './postgres-server.ts'

/** A PostgreSQL server of a test's own: private, on a free port of this machine, in a folder that goes when it is stopped. */
export interface Cluster {
  readonly port: number
  /** Its data directory. */
  readonly dataPath: string
  /** Connection string. Defaults: the superuser `postgres`, the database `postgres`. No passwords: it listens on 127.0.0.1 only. */
  url(user?: string, database?: string): string
  /** Runs a statement as the superuser, by psql: for roles and databases. */
  execute(sql: string): Promise<void>
  /** Takes a base backup and starts an asynchronous standby that streams from here. It is stopped by itself, not with its primary. */
  createStandby(options?: StandbyOptions): Promise<Cluster>
  /** Makes a standby the primary of a new timeline; resolves when it takes writes. */
  promote(): Promise<void>
  /** SIGKILL for the server and its backends: nothing is flushed, nobody is told. Resolves when they are gone; the folder stays. */
  kill(): Promise<void>
  /** Starts it again after `kill`, on the same port; it recovers from its log. */
  start(): Promise<void>
  /** Ends the server if it runs, waits for it and removes its folder. */
  stop(): Promise<void>
}

/** What differs from the defaults. */
export interface ClusterOptions {
  /** Further settings of the server, as in postgresql.conf. fsync stays on: what was committed is there after a kill. */
  readonly settings?: Readonly<Record<string, string>>
  /** Where `initdb` and `postgres` are. Default: the newest version of Debian's, else what `pg_config` says. */
  readonly binPath?: string
}

/** How a standby follows. */
export interface StandbyOptions extends ClusterOptions {
  /** The port on which it finds its primary: that of a proxy that can cut the connection. Default: the primary's own. */
  readonly primaryPort?: number
}

/**
 * Starts a server with an empty cluster. As root it runs as the user `postgres`, since it refuses to run as root.
 *
 * @example
 * const cluster = await startCluster()
 * try {
 *   await migratePostgres({ url: cluster.url() })
 * } finally {
 *   await cluster.stop()
 * }
 */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const tools: Tools = { binPath: options.binPath ?? (await findBinaries()), user: await findUser() }
  return create(tools, options, (dataPath) =>
    runTool(tools, 'initdb', [
      '--pgdata',
      dataPath,
      '--username',
      'postgres',
      '--auth',
      'trust',
      '--encoding',
      'UTF8',
      '--locale',
      'C',
      '--no-instructions',
      '--no-sync',
    ]),
  )
}

async function create(
  tools: Tools,
  options: ClusterOptions,
  fill: (dataPath: string) => Promise<void>,
): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'web-sync-server-postgres-'))
  try {
    if (tools.user !== null) chownSync(folder, tools.user.uid, tools.user.gid)
    await fill(join(folder, 'data'))
    const cluster = new PrivateCluster(tools, folder, await findFreePort(), options.settings ?? {})
    await cluster.start()
    return cluster
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

class PrivateCluster implements Cluster {
  readonly port: number
  readonly dataPath: string
  readonly #tools: Tools
  readonly #folder: string
  readonly #settings: Readonly<Record<string, string>>
  #server: Server | null = null

  constructor(tools: Tools, folder: string, port: number, settings: Readonly<Record<string, string>>) {
    this.port = port
    this.dataPath = join(folder, 'data')
    this.#tools = tools
    this.#folder = folder
    this.#settings = settings
  }

  url(user = 'postgres', database = 'postgres'): string {
    return `postgres://${user}@127.0.0.1:${this.port}/${database}`
  }

  execute(sql: string): Promise<void> {
    return runTool(this.#tools, 'psql', ['--no-psqlrc', '--quiet', '--dbname', this.url(), '--command', sql])
  }

  async start(): Promise<void> {
    if (this.#server !== null) throw new Error('the server runs already')
    this.#server = await startServer(this.#tools, this.dataPath, {
      listen_addresses: '127.0.0.1',
      port: String(this.port),
      unix_socket_directories: this.#folder,
      shared_buffers: '32MB',
      ...this.#settings,
    })
  }

  createStandby(options: StandbyOptions = {}): Promise<Cluster> {
    const primaryPort = String(options.primaryPort ?? this.port)
    return create(this.#tools, { settings: this.#settings, ...options }, (dataPath) =>
      runTool(this.#tools, 'pg_basebackup', [
        '--pgdata',
        dataPath,
        '--host',
        '127.0.0.1',
        '--port',
        primaryPort,
        '--username',
        'postgres',
        '--wal-method',
        'stream',
        '--checkpoint',
        'fast',
        '--write-recovery-conf',
        '--no-sync',
      ]),
    )
  }

  promote(): Promise<void> {
    return runTool(this.#tools, 'pg_ctl', ['promote', '--wait', '--pgdata', this.dataPath])
  }

  async kill(): Promise<void> {
    const server = this.#server
    this.#server = null
    await server?.kill()
  }

  async stop(): Promise<void> {
    const server = this.#server
    this.#server = null
    // «Immediate»: nothing of it is needed any more, so it need not be tidy.
    await server?.quit()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
