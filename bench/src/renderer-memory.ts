import { readFile, readdir } from 'node:fs/promises'

const KIB_PER_MIB = 1_024

/** Peak resident memory in MiB of the greatest renderer of the browser on `profile`; undefined where the system has no /proc. */
export async function readRendererPeak(profile: string): Promise<number | undefined> {
  const processes = await listProcesses()
  const browser = processes.find(({ command }) => command.includes(profile) && !command.includes('--type='))
  if (browser === undefined) return undefined
  const family = new Set([browser.pid])
  // Renderers are children of a zygote, which is a child of the browser: parents come to be before their children.
  for (const { pid, parent } of processes.toSorted((a, b) => a.pid - b.pid)) if (family.has(parent)) family.add(pid)
  const peaks = processes
    .filter(({ pid, command }) => family.has(pid) && command.includes('--type=renderer'))
    .map(({ peakKib }) => peakKib / KIB_PER_MIB)
  return peaks.length === 0 ? undefined : Math.max(...peaks)
}

interface Process {
  readonly pid: number
  readonly parent: number
  readonly command: string
  readonly peakKib: number
}

async function listProcesses(): Promise<Process[]> {
  const names = await readdir('/proc').catch(() => [])
  const found = await Promise.all(names.filter((name) => /^\d+$/.test(name)).map(readProcess))
  return found.filter((process) => process !== undefined)
}

/** Undefined if it has ended meanwhile. */
async function readProcess(pid: string): Promise<Process | undefined> {
  try {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8')
    const status = await readFile(`/proc/${pid}/status`, 'utf8')
    const read = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0)
    return { pid: Number(pid), parent: read('PPid'), command, peakKib: read('VmHWM') }
  } catch {
    return undefined
  }
}
