import { createHash } from 'node:crypto'
import { collection, defineSchema, type Schema } from 'web-sync-protocol'
import { createPartner, memoryStorage, type Partner, type PartnerStorage, sqliteStorage } from 'web-sync-server'
import { migratePostgres, postgresStorage } from 'web-sync-server/postgres'
import { type Cluster, startCluster } from 'web-sync-server/testing/node'
import { Chance } from '../chance.ts'

/** The collections of the compared partners, one for each of the policies that differ in storage. */
export const COLLECTIONS = ['notes', 'tags', 'logs'] as const

const schema: Schema = defineSchema({
  app: 'differential',
  version: 1,
  collections: {
    notes: collection(null),
    tags: collection(null, { conflict: 'initiatorWins' }),
    logs: collection(null, { conflict: 'partnerWins' }),
  },
})

/** What all compared partners share: the time, and chance, which begins again with each step. */
export interface Shared {
  nowMs: number
}

/** A database with one partner on it, or with one for each process. */
export interface Subject {
  readonly name: string
  readonly partners: readonly Partner[]
  readonly storage: PartnerStorage
  /** Begins its chance again. */
  reseed(seed: number): void
  close(): Promise<void>
}

/** Where subjects come from; PostgreSQL's server is started once. */
export interface SubjectMaker {
  make(shared: Shared, space: string): Promise<readonly Subject[]>
  close(): Promise<void>
}

/** The own id of all compared partners. */
const PARTNER_ID = '5a'.repeat(16)

const OWNER = 'web_sync_owner'
const RUNTIME = 'web_sync_app'
const DATABASE = 'differential'

/** Starts a private PostgreSQL; memory and SQLite need nothing. */
export async function openSubjects(): Promise<SubjectMaker> {
  const cluster = await startCluster({ settings: { fsync: 'off', synchronous_commit: 'off' } })
  await prepare(cluster)
  const url = cluster.url(RUNTIME, DATABASE)
  return {
    async make(shared, space) {
      const onPostgres = [postgresStorage({ url, listenUrl: null }), postgresStorage({ url, listenUrl: null })]
      const subjects = [
        openSubject('memory', [memoryStorage()], shared, null),
        openSubject('SQLite', [sqliteStorage(':memory:')], shared, null),
        openSubject('PostgreSQL', onPostgres, shared, space),
      ]
      // One database has it for all histories: it must not be drawn in the others only.
      await Promise.all(subjects.map(({ storage }) => storage.readPartnerId(() => PARTNER_ID)))
      return subjects
    },
    close: () => cluster.stop(),
  }
}

async function prepare(cluster: Cluster): Promise<void> {
  await cluster.execute(`CREATE ROLE ${OWNER} LOGIN`)
  await cluster.execute(`CREATE ROLE ${RUNTIME} LOGIN`)
  await cluster.execute(`CREATE DATABASE ${DATABASE} OWNER ${OWNER}`)
  await migratePostgres({ url: cluster.url(OWNER, DATABASE), runtimeRole: RUNTIME })
}

function openSubject(
  name: string,
  storages: readonly PartnerStorage[],
  shared: Shared,
  erased: string | null,
): Subject {
  const chance = new Chance(0)
  const partners = storages.map((storage) =>
    createPartner({
      schema,
      storage,
      authenticate: (request) => ({ account: request.headers.get('authorization') ?? '' }),
      authorize: () => 'write',
      clock: { nowMs: () => shared.nowMs },
      random: { id: () => chance.hex(32), bits: () => chance.hex(16) },
      hash: async (text) => createHash('sha256').update(text).digest('hex'),
    }),
  )
  const [storage] = storages as [PartnerStorage]
  return {
    name,
    partners,
    storage,
    reseed: (seed) => chance.reseed(seed),
    async close() {
      if (erased !== null) await storage.eraseSpace(erased)
      await Promise.all(partners.map((partner) => partner.close()))
    },
  }
}
