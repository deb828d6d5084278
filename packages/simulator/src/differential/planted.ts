import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { copyPackages } from '../planted/run-planted.ts'
import { STORAGE_FAULTS, type StorageFault } from './storage-faults.ts'

/** Plants each fault in a copy of the sources and runs the comparison there; 0: all were found. */
export async function runPlantedDifferences(seconds: number, asJson: boolean): Promise<number> {
  const copy = await copyPackages()
  const found: string[] = []
  const missed: string[] = []
  try {
    for (const fault of STORAGE_FAULTS) {
      const isFound = await tryFault(copy, fault, seconds)
      ;(isFound ? found : missed).push(fault.name)
      if (!asJson) console.log(`${fault.name}: ${isFound ? 'found' : 'NOT FOUND'}`)
    }
  } finally {
    await rm(copy, { recursive: true, force: true })
  }
  if (asJson) console.log(JSON.stringify({ planted: STORAGE_FAULTS.length, found: found.length, missed }, null, 2))
  return missed.length === 0 ? 0 : 1
}

async function tryFault(copy: string, { patches }: StorageFault, seconds: number): Promise<boolean> {
  const before = new Map<string, string>()
  try {
    for (const { file, find, replace } of patches) {
      const path = join(copy, 'packages', ...file.split('/'))
      const source = await readFile(path, 'utf8')
      if (!before.has(path)) before.set(path, source)
      if (source.split(find).length !== 2) return false
      await writeFile(
        path,
        source.replace(find, () => replace),
      )
    }
    return await differs(copy, seconds)
  } finally {
    for (const [path, source] of before) await writeFile(path, source)
  }
}

/** True if the comparison in the copy ran, and told of a difference. */
async function differs(copy: string, seconds: number): Promise<boolean> {
  const main = join(copy, 'packages', 'simulator', 'src', 'differential', 'main.ts')
  const args = ['--conditions=source', main, '--seed', '1', '--seconds', String(seconds), '--json']
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  let text = ''
  child.stdout.on('data', (part: Buffer) => {
    text += part.toString()
  })
  await once(child, 'close')
  try {
    return (JSON.parse(text) as { differences: number }).differences > 0
  } catch {
    return false
  }
}
