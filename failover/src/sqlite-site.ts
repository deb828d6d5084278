import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type SqliteStorage, sqliteStorage } from 'web-sync-server'
import type { Site } from './site.ts'

/**
 * SQLite files in the place of clusters: the standby is a copy that is made when it is asked to catch up, and the backup another one. It
 * shows what clients do, in a fraction of the time, not what PostgreSQL does.
 */
export class SqliteSite implements Site {
  readonly #folder: string
  #primary = 'primary-0.db'
  #old: string | null = null
  #files = 0
  #storage: SqliteStorage | null = null

  private constructor(folder: string) {
    this.#folder = folder
  }

  static async open(): Promise<SqliteSite> {
    return new SqliteSite(await mkdtemp(join(tmpdir(), 'web-sync-failover-')))
  }

  async openStorage(): Promise<SqliteStorage> {
    this.#storage = sqliteStorage(this.#path(this.#primary))
    return this.#storage
  }

  async catchUp(): Promise<void> {
    await this.#copyTo('standby.db')
  }

  async cutReplication(): Promise<void> {
    // A copy does not follow.
  }

  async backUp(): Promise<void> {
    await this.#copyTo('backup.db')
  }

  async killPrimary(): Promise<void> {
    await this.#storage?.close()
    this.#storage = null
  }

  promote(): Promise<void> {
    return this.#replaceBy('standby.db')
  }

  restoreBackup(): Promise<void> {
    return this.#replaceBy('backup.db')
  }

  async reviveOldPrimary(): Promise<void> {
    if (this.#old === null) throw new Error('there is no old primary')
    await this.killPrimary()
    const promoted = this.#primary
    this.#primary = this.#old
    this.#old = promoted
  }

  async fenceOldPrimary(): Promise<void> {
    await this.reviveOldPrimary()
  }

  async makeWhole(): Promise<void> {
    this.#old = null
  }

  async openStandby(): Promise<null> {
    return null
  }

  async close(): Promise<void> {
    await this.killPrimary()
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #copyTo(name: string): Promise<void> {
    await rm(this.#path(name), { force: true })
    // Each copy is the one that takes the primary's place.
    await this.#storage?.backup(this.#path(name), { isDurable: true })
  }

  /** A promoted copy gets a file of its own, so that the next copy does not overwrite it. */
  async #replaceBy(name: string): Promise<void> {
    this.#files += 1
    this.#old = this.#primary
    this.#primary = `primary-${this.#files}.db`
    await copyFile(this.#path(name), this.#path(this.#primary))
  }

  #path(name: string): string {
    return join(this.#folder, name)
  }
}
