/**
 * `pnpm bench`: measures web-sync beside the physical limits and its peers; see `docs/performance.md`. Progress goes to stderr, the
 * result to stdout. Exit code 1: a check found that a contestant had not done what it was timed for, or a session broke.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildSite } from './build-site.ts'
import { readOptions } from './options.ts'
import { describePlan, planSessions } from './plan.ts'
import { describeResult } from './report.ts'
import { runAll } from './run-all.ts'
import { writeDocs } from './write-docs.ts'

const options = readOptions(process.argv.slice(2))
if (typeof options === 'string') {
  console.error(options)
  process.exit(2)
}
const sessions = planSessions(options)
console.error(describePlan(sessions, options))
await buildSite({ isReadable: options.isProfiled })
const folder = await mkdtemp(join(tmpdir(), 'web-sync-bench-'))
try {
  const result = await runAll(sessions, options, folder)
  console.log(options.isJson ? JSON.stringify(result, null, 1) : describeResult(result))
  if (options.isJson) console.error(describeResult(result))
  if (options.writesDocs) await writeDocs(result)
  process.exitCode = result.checks.every((check) => check.hasPassed) && result.broken.length === 0 ? 0 : 1
} finally {
  await rm(folder, { recursive: true, force: true })
}
