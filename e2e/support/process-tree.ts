import { execFileSync } from 'node:child_process'

/** One line of the list of processes. */
interface ProcessLine {
  readonly pid: number
  readonly parent: number
  readonly command: string
}

/**
 * The processes of a browser that this process has started on `profile`, root first: the ones that name the folder, and all that
 * descend from them. Nobody else's process is among them, as every profile is in a folder of its own.
 */
export function findBrowserTree(profile: string): readonly number[] {
  const all = listProcesses()
  const isOurs = (line: ProcessLine | undefined): boolean =>
    line !== undefined && (line.parent === process.pid || isOurs(all.find(({ pid }) => pid === line.parent)))
  const found = all.filter((line) => line.command.includes(profile) && isOurs(line)).map(({ pid }) => pid)
  const tree = new Set(found)
  for (const pid of tree) for (const line of all) if (line.parent === pid) tree.add(line.pid)
  return [...tree]
}

/** Ends a process at once, if it is still there. */
export function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // Gone with its parent already.
  }
}

function listProcesses(): readonly ProcessLine[] {
  const text = execFileSync('ps', ['-A', '-ww', '-o', 'pid=,ppid=,args='], { encoding: 'utf8', maxBuffer: 64_000_000 })
  return text.split('\n').flatMap((line) => {
    const [, pid, parent, command] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? []
    return command === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), command }]
  })
}
