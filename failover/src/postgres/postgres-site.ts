import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { PartnerStorage } from 'web-sync-server'
import type { Refuge, Site } from '../site.ts'
import { Switch } from '../switch.ts'
import { wait } from '../wait.ts'
import { makeClusterFolder } from './cluster-folder.ts'
import { Cluster } from './cluster.ts'
import { confirmBackup, type DurableBy, openPostgresStorage, prepareDatabase } from './open-postgres-storage.ts'

/** Between two looks at how far a standby is. */
const LOOK_MS = 10

/**
 * Two private clusters, streaming replication from one to the other through a plug, and a plug in front of both for the partner. Both
 * clusters go on from round to round, so each has a long history of promotions behind it.
 */
export class PostgresSite implements Site {
  readonly #folder: string
  /** Where the partner connects to. */
  readonly #front: Switch
  /** Where standbys connect to. */
  readonly #replication: Switch
  #primary: Cluster
  /** Follows the primary, or is dead, or is an old primary that does not know it yet. */
  #other: Cluster | null = null
  #isOtherFollowing = false
  #backup: Cluster | null = null
  #copies = 0
  #refuge: Refuge = 'standby'

  private constructor(folder: string, front: Switch, replication: Switch, primary: Cluster) {
    this.#folder = folder
    this.#front = front
    this.#replication = replication
    this.#primary = primary
  }

  /** `onDisk`: the clusters must not be in memory. */
  static async open(onDisk: boolean): Promise<PostgresSite> {
    const folder = await makeClusterFolder(onDisk)
    const [front, replication] = [new Switch(), new Switch()]
    await front.open()
    await replication.open()
    const primary = await Cluster.create(join(folder, 'cluster-0'))
    await primary.start()
    await prepareDatabase(primary)
    const site = new PostgresSite(folder, front, replication, primary)
    site.#lead()
    return site
  }

  openStorage(): Promise<PartnerStorage> {
    return openPostgresStorage(this.#front.port, this.#durableBy())
  }

  async catchUp(): Promise<void> {
    const standby = this.#standby()
    const position = await this.#primary.query('SELECT pg_current_wal_flush_lsn()')
    while ((await standby.query(`SELECT pg_last_wal_replay_lsn() >= '${position}'`)) !== 't') await wait(LOOK_MS)
  }

  async cutReplication(): Promise<void> {
    this.#replication.lead(null)
  }

  async backUp(): Promise<void> {
    await this.#backup?.remove()
    await confirmBackup(this.#primary.port, async () => {
      this.#backup = await Cluster.copy(this.#primary.port, this.#nextFolder(), false)
    })
  }

  async killPrimary(): Promise<void> {
    await this.#primary.kill()
    this.#front.lead(null)
  }

  async promote(): Promise<void> {
    const standby = this.#standby()
    await standby.promote()
    this.#other = this.#primary
    this.#isOtherFollowing = false
    this.#primary = standby
    this.#front.lead(standby.port)
  }

  async restoreBackup(): Promise<void> {
    const backup = this.#backup
    if (backup === null) throw new Error('there is no backup')
    this.#backup = null
    // The standby has more than the backup; in this story it is lost together with the primary.
    await this.#other?.remove()
    this.#other = null
    this.#isOtherFollowing = false
    await this.#primary.remove()
    await backup.start()
    this.#primary = backup
    this.#front.lead(backup.port)
  }

  async reviveOldPrimary(): Promise<void> {
    const old = this.#other
    if (old === null) throw new Error('there is no old primary')
    await old.start()
    this.#front.lead(old.port)
  }

  async fenceOldPrimary(): Promise<void> {
    this.#front.lead(this.#primary.port)
    await this.#follow()
  }

  async makeWhole(refuge: Refuge): Promise<void> {
    this.#refuge = refuge
    if (!this.#isOtherFollowing) await this.#follow()
    this.#lead()
    await this.catchUp()
  }

  async openStandby(): Promise<PartnerStorage> {
    return openPostgresStorage(this.#standby().port, this.#durableBy())
  }

  async close(): Promise<void> {
    await this.#primary.remove()
    await this.#other?.remove()
    await this.#backup?.remove()
    await this.#front.close()
    await this.#replication.close()
    await rm(this.#folder, { recursive: true, force: true })
  }

  /** Each cluster that may be the primary, now or next; with a backup beside it if that is what is restored. */
  #durableBy(): DurableBy {
    const clusters = this.#other === null ? [this.#primary] : [this.#primary, this.#other]
    return { standbys: clusters.map(({ name }) => name), needsBackup: this.#refuge === 'backup' }
  }

  #lead(): void {
    this.#front.lead(this.#primary.port)
    this.#replication.lead(this.#primary.port)
  }

  /** Makes the other cluster a standby of the primary: by rewinding it, or as a new copy if there is none. */
  async #follow(): Promise<void> {
    this.#replication.lead(this.#primary.port)
    if (this.#other === null) {
      this.#other = await Cluster.copy(this.#replication.port, this.#nextFolder(), true)
    } else {
      await this.#other.shutDown()
      // Until its first checkpoint a promoted server's control file names the old timeline, and pg_rewind finds nothing to do.
      await this.#primary.query('CHECKPOINT')
      await this.#other.rewind(this.#replication.port)
    }
    await this.#other.start()
    this.#isOtherFollowing = true
  }

  #standby(): Cluster {
    if (this.#other === null || !this.#isOtherFollowing) throw new Error('there is no standby')
    return this.#other
  }

  #nextFolder(): string {
    this.#copies += 1
    return join(this.#folder, `cluster-${this.#copies}`)
  }
}
