/**
 * What the other scripts share: where things are, and how a tool of the workspace is run.
 * The scripts use nothing but Node (20 or newer), because on a fresh clone nothing else is there yet.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
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

/** How much of what a command printed last is kept, in characters. */
const KEPT_LENGTH = 20_000

/**
 * What the commands of `run` printed last, at most `KEPT_LENGTH` characters; '' after
 * `forgetOutput`.
 */
let lastOutput = ''

/** @returns what commands printed since `forgetOutput`, its end at least */
export const keptOutput = () => lastOutput

/** Begins anew with what `keptOutput` returns. */
export function forgetOutput() {
  lastOutput = ''
}

/**
 * Runs a command in the workspace with its output passed through; resolves with the exit code. On a
 * terminal the command has it to itself, and nothing is kept.
 */
export async function run(command, args, env = {}) {
  const stdio = process.stdout.isTTY ? 'inherit' : ['inherit', 'pipe', 'pipe']
  const child = spawn(command, args, { cwd: root, env: workspaceEnv(env), stdio })
  pass(child.stdout, process.stdout)
  pass(child.stderr, process.stderr)
  const closing = once(child, 'close')
  const [code, signal] = await once(child, 'exit')
  // What it printed last may still be under way. Something that it left behind may hold its output
  // open for ever: it is not waited for.
  await Promise.race([closing, sleep(1000)])
  child.stdout?.unref()
  child.stderr?.unref()
  return code ?? (signal ? 1 : 0)
}

/** Hands on what a command prints, and keeps its end. */
function pass(from, to) {
  from?.setEncoding('utf8').on('data', (text) => {
    to.write(text)
    lastOutput = (lastOutput + text).slice(-KEPT_LENGTH)
  })
}

/** The same, for steps without which nothing further makes sense. */
export async function runOrExit(command, args, env = {}) {
  const code = await run(command, args, env)
  if (code !== 0) {
    console.error(`${command} ${args.join(' ')} failed with exit code ${code}`)
    process.exit(code)
  }
}
