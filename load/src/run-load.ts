import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Cluster } from '../../failover/src/postgres/cluster.ts'
import { partnerUrl, prepareDatabase } from '../../failover/src/postgres/open-postgres-storage.ts'
import { giveAway } from '../../failover/src/postgres/run-program.ts'
import { climb } from './ceiling.ts'
import { Fleet } from './generator/fleet.ts'
import type { LoadOptions } from './options.ts'
import { herd, measure, settle, type Stage } from './phases.ts'
import { judge, type LoadReport, maxP99Ms } from './report.ts'
import type { ServerSettings } from './server/messages.ts'
import { ServerProcess } from './server/server-process.ts'

/** One run from nothing to nothing: a database, a server, a fleet; all gone at the end. */
export async function runLoad(options: LoadOptions): Promise<LoadReport> {
  const folder = await mkdtemp(join(tmpdir(), 'web-sync-load-'))
  const cluster = options.storage === 'postgres' ? await openCluster(folder) : null
  const settings: ServerSettings = {
    storage: options.storage,
    data: cluster === null ? join(folder, 'partner.db') : partnerUrl(cluster.port),
    retentionMs: options.retention === null ? null : options.retention * 1_000,
  }
  const server = new ServerProcess(settings, options)
  const fleet = new Fleet(options.clients, options.members, () => server.port)
  try {
    await server.start()
    return await runOn({ fleet, server, settings, cluster, folder }, options)
  } finally {
    fleet.close()
    await server.stop()
    await cluster?.remove()
    await rm(folder, { recursive: true, force: true })
  }
}

/** A private cluster with the durability of the product. */
async function openCluster(folder: string): Promise<Cluster> {
  await giveAway(folder)
  const cluster = await Cluster.create(join(folder, 'cluster'))
  await cluster.start()
  await prepareDatabase(cluster)
  return cluster
}

async function runOn(stage: Stage, options: LoadOptions): Promise<LoadReport> {
  const { fleet } = stage
  const { clients, interval, seconds, pushShare } = options
  const startedAt = performance.now()
  await fleet.syncAll()
  await fleet.openAllStreams(options.streams)
  const setUpSeconds = Math.round((performance.now() - startedAt) / 100) / 10
  const perSecond = clients / interval
  const measured =
    options.scenario === 'ceiling'
      ? await climb(stage, perSecond, pushShare, maxP99Ms(options.storage))
      : [await measure(stage, { perSecond, seconds, pushShare, withLooks: true })]
  const settled = await settle(stage)
  const afterwards = options.scenario === 'herd' ? await herd(stage, pushShare) : null
  const report = { options, setUpSeconds, measured, settled, herd: afterwards }
  return { ...report, targets: judge(report) }
}
