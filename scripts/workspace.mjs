/**
 * What the other scripts share: where things are, and how a tool of the workspace is run.
 * The scripts use nothing but Node (20 or newer), because on a fresh clone nothing else is there yet.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The workspace's folder, with a slash at its end. */
export const root = fileURLToPath(new URL('..', import.meta.url))

const bin = join(root, 'node_modules', '.bin')

/** The pinned Node 24, a development dependency, so that everything runs on it even where the machine has an older one. */
export const pinnedNode = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')

/** The environment in which the pinned Node and the tools of the workspace come first. */
export function workspaceEnv(extra = {}) {
  return { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}`, ...extra }
}

/** Runs a command in the workspace with its output passed through; resolves with the exit code. */
export async function run(command, args, env = {}) {
  const child = spawn(command, args, { cwd: root, env: workspaceEnv(env), stdio: 'inherit' })
  const [code, signal] = await once(child, 'exit')
  return code ?? (signal ? 1 : 0)
}

/** The same, for steps without which nothing further makes sense. */
export async function runOrExit(command, args, env = {}) {
  const code = await run(command, args, env)
  if (code !== 0) {
    console.error(`${command} ${args.join(' ')} failed with exit code ${code}`)
    process.exit(code)
  }
}
