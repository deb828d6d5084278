import { mkdtemp, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { giveAway } from './run-program.ts'

/** A file system in memory: what a process that is killed had written is there all the same, as it is on a disk. */
const MEMORY = '/dev/shm'
/** Room for three clusters and what they keep for each other. */
const NEEDED_BYTES = 2 ** 30

/** A new folder for clusters, theirs: in memory if there is room and `onDisk` does not forbid it, for there a round waits for no disk. */
export async function makeClusterFolder(onDisk: boolean): Promise<string> {
  const place = !onDisk && (await hasRoom(MEMORY)) ? MEMORY : tmpdir()
  const folder = await mkdtemp(join(place, 'web-sync-failover-'))
  await giveAway(folder)
  return folder
}

async function hasRoom(path: string): Promise<boolean> {
  try {
    const { bavail, bsize } = await statfs(path)
    return bavail * bsize >= NEEDED_BYTES
  } catch {
    return false
  }
}
