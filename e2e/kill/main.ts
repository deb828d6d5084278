import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { engineOf } from '../support/browser-options.ts'
import buildApp from '../support/build-app.ts'
import { runKills, targets } from './run-kills.ts'
import { sumResults } from './sum.ts'

const USAGE = `pnpm kill --target ${Object.keys(targets).join('|')} [--engine chromium|firefox] [--rounds 10] [--minutes M] [--json]
pnpm kill --sum FILE

Writes and syncs under load on a profile on disk, kills at random, opens again on the same profile, and checks S1, S2, S3, S5, S6 and S9
of docs/invariants.md against a log kept outside the browser: a write counts as acknowledged when its promise has resolved. Several
targets: --target browser,worker. On Chromium, every other round of the target browser ends the tab while the partner is out of reach, and
sends Background Sync events to the service worker before the kill. Progress goes to stderr. Exit code 1: a promise was broken.
--sum adds up the lines that runs with --json have printed into a file: each run has a profile, a server and random instants of its own, so
many short ones are one long one.`

/** Where Firefox’s driver gives no handle; see docs/browsers.md. */
const CHROMIUM_ONLY: readonly string[] = ['renderer', 'service-worker']

const PROGRESS_EVERY_MS = 5_000

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      target: { type: 'string' },
      engine: { type: 'string', default: 'chromium' },
      rounds: { type: 'string', default: '10' },
      minutes: { type: 'string' },
      json: { type: 'boolean', default: false },
      sum: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.sum !== undefined) {
    const sums = sumResults(await readFile(values.sum, 'utf8'))
    for (const sum of sums) console.log(JSON.stringify(sum))
    return sums.length > 0 && sums.every(({ faults }) => faults.length === 0) ? 0 : 1
  }
  const names = values.target?.split(',') ?? []
  const rounds = Number(values.rounds)
  const minutes = values.minutes === undefined ? null : Number(values.minutes)
  const isAsked = names.length > 0 && names.every((name) => Object.hasOwn(targets, name))
  if (values.help || !isAsked || !(rounds > 0) || Number.isNaN(minutes)) {
    console.error(USAGE)
    return values.help ? 0 : 2
  }
  const engine = engineOf(values.engine)
  const impossible = names.filter((name) => engine === 'firefox' && CHROMIUM_ONLY.includes(name))
  if (impossible.length > 0) {
    console.error(`Firefox’s driver gives no handle on: ${impossible.join(', ')}`)
    return 2
  }
  await buildApp()
  let failed = 0
  for (const target of names) {
    const startedAt = performance.now()
    let toldAt = startedAt
    const { faults, lost, ...numbers } = await runKills({
      target,
      engine,
      rounds,
      limitMs: minutes === null ? null : minutes * 60_000,
      onProgress: (verdict) => {
        if (performance.now() - toldAt < PROGRESS_EVERY_MS) return
        toldAt = performance.now()
        console.error(`${engine} ${target}: round ${verdict.rounds} of ${rounds}, ${verdict.faults.length} faults`)
      },
    })
    const seconds = Math.round((performance.now() - startedAt) / 1000)
    if (faults.length > 0) failed += 1
    if (values.json) console.log(JSON.stringify({ engine, target, ...numbers, lost: lost.size, seconds, faults }))
    else {
      const { acknowledged, doubled, wedged, backgroundSync } = numbers
      console.log(
        `${engine} ${target}: ${numbers.rounds} rounds, ${acknowledged} acknowledged, ${lost.size} lost, ${doubled} doubled, ${wedged} wedged, ${backgroundSync.events} Background Sync events without a tab in ${backgroundSync.rounds} rounds, ${seconds} s`,
      )
      for (const fault of faults) console.log(`  ${fault}`)
    }
  }
  return failed === 0 ? 0 : 1
}

process.exitCode = await main()
