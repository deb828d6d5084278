import type { ChildProcess } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'

/**
 * Kills a process and its children. A server's backends outlive it until they notice that it is gone, and answer, even commit, until
 * then: a machine that loses its power leaves none. Stopped first, so that it makes no new ones. Without /proc only the process itself.
 */
export async function killWhole(child: ChildProcess, gone: Promise<unknown>): Promise<void> {
  child.kill('SIGSTOP')
  const children = findProcesses().filter(({ parent }) => parent === child.pid)
  child.kill('SIGKILL')
  for (const { pid } of children) killIfThere(pid)
  await gone
  const pids = new Set(children.map(({ pid }) => pid))
  while (findProcesses().some(({ pid, isZombie }) => pids.has(pid) && !isZombie)) await setImmediate()
}

interface Process {
  readonly pid: number
  readonly parent: number
  readonly isZombie: boolean
}

function findProcesses(): readonly Process[] {
  if (!existsSync('/proc/self/stat')) return []
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const stat = readStat(Number(name))
      return stat === null ? [] : [stat]
    })
}

/** null: it has ended meanwhile. */
function readStat(pid: number): Process | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name before it stands in parentheses and may have any character.
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { pid, parent: Number(parent), isZombie: state === 'Z' || state === 'X' }
  } catch {
    return null
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}
