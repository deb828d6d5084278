import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
  const settings: ServerSettings = {
    storage: options.storage,
    data: join(folder, 'partner.db'),
    retentionMs: options.retention === null ? null : options.retention * 1_000,
  }
  const server = new ServerProcess(settings, options.profile)
  const fleet = new Fleet(options.clients, options.members, () => server.port)
  try {
    await server.start()
    return await runOn({ fleet, server, settings, folder }, options)
  } finally {
    fleet.close()
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
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
