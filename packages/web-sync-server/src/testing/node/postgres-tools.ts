import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** Where Debian keeps all versions side by side. */
const DEBIAN = '/usr/lib/postgresql'

/** A user by number. */
export interface User {
  readonly uid: number
  readonly gid: number
}

/** PostgreSQL's programs, and who runs them; null: whoever runs the test. */
export interface Tools {
  readonly binPath: string
  readonly user: User | null
}

/** The folder of the newest version's programs. Throws if there is none. */
export async function findBinaries(): Promise<string> {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).map(Number).filter(Number.isFinite) : []
  const paths = versions.toSorted((a, b) => b - a).map((version) => join(DEBIAN, String(version), 'bin'))
  const found = paths.find((path) => existsSync(join(path, 'initdb')))
  if (found !== undefined) return found
  try {
    return (await execute('pg_config', ['--bindir'])).stdout.trim()
  } catch (cause) {
    throw new Error('PostgreSQL is not installed here: apt-get install postgresql', { cause })
  }
}

/** The user to become: root must not run a server, so there it is `postgres`. */
export async function findUser(): Promise<User | null> {
  if (process.getuid?.() !== 0) return null
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (flag) => (await execute('id', [flag, 'postgres'])).stdout),
  )
  return { uid: Number(uid), gid: Number(gid) }
}

/** What makes a child run as the user, in a folder that it may enter. */
export function asUser({ user }: Tools): { readonly cwd: string } & Partial<User> {
  return { cwd: '/', ...user }
}

/** Runs one of PostgreSQL's programs to its end. Rejects with what it said if it failed. */
export async function runTool(tools: Tools, name: string, args: readonly string[]): Promise<void> {
  await execute(join(tools.binPath, name), [...args], asUser(tools))
}
