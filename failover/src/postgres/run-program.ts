import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** Where Debian puts PostgreSQL. */
const ROOT = '/usr/lib/postgresql'

/** The unprivileged user that owns the clusters if we are root, which PostgreSQL refuses to run as. */
const USER = 'postgres'

/** Runs one of PostgreSQL's programs to its end; what it printed. Rejects with what it complained about. */
export async function runProgram(name: string, args: readonly string[]): Promise<string> {
  const version = findVersion()
  if (version === null)
    throw new Error(`PostgreSQL is not installed: there is no ${ROOT} (Debian: apt-get install postgresql)`)
  const { stdout } = await runAsUser(`${ROOT}/${version}/bin/${name}`, args)
  return stdout.trim()
}

/** Gives a folder to the user that clusters run as. */
export async function giveAway(folder: string): Promise<void> {
  if (isRoot()) await execute('chown', [`${USER}:`, folder])
}

function runAsUser(program: string, args: readonly string[]): Promise<{ stdout: string }> {
  // C: messages and order do not depend on the machine. No PG… variable of the caller must point us at another cluster.
  const env = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' }
  const cwd = '/'
  return isRoot()
    ? execute('setpriv', [`--reuid=${USER}`, `--regid=${USER}`, '--init-groups', '--', program, ...args], { env, cwd })
    : execute(program, [...args], { env, cwd })
}

function isRoot(): boolean {
  return process.getuid?.() === 0
}

function findVersion(): string | null {
  try {
    return readdirSync(ROOT).toSorted((a, b) => Number(b) - Number(a))[0] ?? null
  } catch {
    return null
  }
}
