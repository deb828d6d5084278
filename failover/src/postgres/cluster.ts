import { once } from 'node:events'
import { appendFile, readFile, readdir, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { basename, join } from 'node:path'
import { runProgram } from './run-program.ts'

/**
 * Small and quick to copy, but with the durability of the product: fsync, synchronous_commit and full_page_writes keep their defaults
 * (on). Only copies are made without waiting for the disk: a power cut is no part of this story. Shared memory in a file of the cluster, so that a cluster that was killed and deleted leaves nothing behind.
 */
const SETTINGS = `
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 60
shared_buffers = 32MB
dynamic_shared_memory_type = mmap
min_wal_size = 32MB
max_wal_size = 256MB
wal_keep_size = 64MB
wal_level = replica
hot_standby = on
wal_receiver_timeout = 5s
wal_retrieve_retry_interval = 200ms
log_line_prefix = '%m '
`

/** One PostgreSQL server with its folder. */
export class Cluster {
  readonly folder: string
  #port = 0

  private constructor(folder: string) {
    this.folder = folder
  }

  /** A new, empty one; not started. Checksums are on: pg_rewind needs them. */
  static async create(folder: string): Promise<Cluster> {
    const options = ['--auth=trust', '--encoding=UTF8', '--locale=C', '--username=postgres', '--data-checksums']
    await runProgram('initdb', ['-D', folder, ...options, '--wal-segsize=1', '--no-sync'])
    await appendFile(join(folder, 'postgresql.conf'), SETTINGS)
    return new Cluster(folder)
  }

  /** A copy of the cluster that answers at a port, while it runs. `isStandby`: it follows that port; else it is a backup to be started. */
  static async copy(fromPort: number, folder: string, isStandby: boolean): Promise<Cluster> {
    const from = ['-h127.0.0.1', `-p${fromPort}`, '-Upostgres']
    const what = [`-D${folder}`, '-Xstream', '--checkpoint=fast', '--no-manifest', '--no-sync']
    await runProgram('pg_basebackup', [...from, ...what, ...(isStandby ? ['-R'] : [])])
    return new Cluster(folder)
  }

  /** Under which it follows, and which it says of itself: its `cluster_name`. */
  get name(): string {
    return basename(this.folder)
  }

  /** Where it listens now. */
  get port(): number {
    return this.#port
  }

  /** Starts it, on any free port; resolves when it answers. */
  async start(): Promise<void> {
    this.#port = await findFreePort()
    await runProgram('pg_ctl', [
      'start',
      '-ws',
      '-t30',
      `-D${this.folder}`,
      `-l${this.folder}.log`,
      `-o-p ${this.#port} -c cluster_name=${this.name}`,
    ])
  }

  /** Power loss: the postmaster and all its processes are gone at once, without a last word. */
  async kill(): Promise<void> {
    const pid = await this.#readPid()
    if (pid === null) return
    const family = [pid, ...(await findChildren(pid))]
    for (const member of family) signal(member)
    for (const member of family) await untilGone(member)
    // As after a reboot: a zombie that nobody has reaped would be taken for a postmaster that runs.
    await rm(join(this.folder, 'postmaster.pid'), { force: true })
  }

  /** Ends it in order, but at once. */
  async stop(): Promise<void> {
    if ((await this.#readPid()) === null) return
    await runProgram('pg_ctl', ['stop', '-w', '-s', '-m', 'immediate', '-D', this.folder])
  }

  /** A standby becomes a primary; resolves when it is one. */
  async promote(): Promise<void> {
    await runProgram('pg_ctl', ['promote', '-w', '-s', '-D', this.folder])
  }

  /** Ends it with a checkpoint, so that it needs no recovery. */
  async shutDown(): Promise<void> {
    if ((await this.#readPid()) === null) return
    await runProgram('pg_ctl', ['stop', '-w', '-s', '-m', 'fast', '-D', this.folder])
  }

  /** Makes what was a primary follow another one, throwing away what that one does not have. It must be down. */
  async rewind(toPort: number): Promise<void> {
    const source = `host=127.0.0.1 port=${toPort} user=postgres dbname=postgres`
    await runProgram('pg_rewind', ['-D', this.folder, '--source-server', source, '-R', '--no-sync'])
  }

  /** Seconds of CPU that all its processes have used so far, those that have ended too. */
  async cpuSeconds(): Promise<number> {
    const pid = await this.#readPid()
    if (pid === null) return 0
    const ticks = await Promise.all([
      readTicks(pid, 4),
      ...(await findChildren(pid)).map((child) => readTicks(child, 2)),
    ])
    return ticks.reduce((sum, each) => sum + each, 0) / TICKS_PER_SECOND
  }

  /** Runs a statement; the result as text. */
  query(sql: string, database = 'postgres'): Promise<string> {
    return runProgram('psql', [
      '-h',
      '127.0.0.1',
      '-p',
      String(this.#port),
      '-U',
      'postgres',
      '-d',
      database,
      '-qAtX',
      '-c',
      sql,
    ])
  }

  /** Ends it and deletes its folder. */
  async remove(): Promise<void> {
    await this.kill()
    await rm(this.folder, { recursive: true, force: true })
    await rm(`${this.folder}.log`, { force: true })
  }

  async #readPid(): Promise<number | null> {
    try {
      const [first = ''] = (await readFile(join(this.folder, 'postmaster.pid'), 'utf8')).split('\n')
      const pid = Number(first)
      // A killed one leaves its file behind.
      return isAlive(pid) ? pid : null
    } catch {
      return null
    }
  }
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Children of a process, by the fourth field of /proc/…/stat (the name before it may contain spaces, but ends in a bracket). */
async function findChildren(pid: number): Promise<number[]> {
  const children: number[] = []
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '')
    const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (Number(parent) === pid) children.push(Number(name))
  }
  return children
}

/** Of Linux, wherever it runs: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
const TICKS_PER_SECOND = 100

/** The first so many of: user and system time of a process, then of its children that have ended. */
async function readTicks(pid: number, fields: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  const times = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 11 + fields)
  return times.reduce((sum, time) => sum + Number(time), 0)
}

function signal(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // Gone already.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function untilGone(pid: number): Promise<void> {
  while (isAlive(pid) && !(await isZombie(pid))) {
    await new Promise((resolve) => {
      setTimeout(resolve, 5)
    })
  }
}

/** Dead, and nobody has asked how it ended yet: its files are closed. */
async function isZombie(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z')
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z')
}
