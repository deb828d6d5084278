import { mkdtemp, rm } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type MemoryStorage, memoryStorage, type PartnerStorage, restoreBackup, sqliteStorage } from 'web-sync-server'

/** A copy of everything, as a backup makes it; can be used again and again. */
export interface Backup {
  /** Opens what was backed up on a disk of its own. */
  open(): Promise<HostDisk>
}

/** What the partner keeps everything in. */
export interface HostDisk {
  readonly storage: PartnerStorage
  backUp(): Promise<Backup>
}

/** Makes empty disks of one kind. */
export interface DiskMaker {
  make(): Promise<HostDisk>
  /** Removes what was made. */
  clear(): Promise<void>
}

/** In memory: fast, for most seeds. */
export const memoryDisks: DiskMaker = {
  make: async () => memoryDisk(memoryStorage()),
  clear: async () => undefined,
}

function memoryDisk(storage: MemoryStorage): HostDisk {
  return {
    storage,
    backUp: async () => {
      const copy = storage.copy()
      return { open: async () => memoryDisk(copy.copy()) }
    },
  }
}

/** The real SQLite storage, in files that are removed afterwards: slower, for a share of the seeds. */
export function sqliteDisks(): DiskMaker {
  const disks = new SqliteDisks()
  return { make: () => disks.make(), clear: () => disks.clear() }
}

class SqliteDisks {
  #folder: string | null = null
  #files = 0
  readonly #open: PartnerStorage[] = []

  async make(): Promise<HostDisk> {
    return this.#disk(await this.#nextPath())
  }

  async clear(): Promise<void> {
    for (const storage of this.#open.splice(0)) await storage.close()
    if (this.#folder !== null) await rm(this.#folder, { recursive: true, force: true })
    this.#folder = null
  }

  #disk(path: string): HostDisk {
    const storage = sqliteStorage(path)
    this.#open.push(storage)
    return {
      storage,
      backUp: async () => {
        const backup = await this.#nextPath()
        await storage.backup(backup)
        return {
          open: async () => {
            const restored = await this.#nextPath()
            await restoreBackup(backup, restored)
            return this.#disk(restored)
          },
        }
      },
    }
  }

  async #nextPath(): Promise<string> {
    // Memory-backed where there is such a thing: what a disk does to a file is not what these seeds are about.
    this.#folder ??= await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'simulator-'))
    this.#files += 1
    return join(this.#folder, `${this.#files}.db`)
  }
}
