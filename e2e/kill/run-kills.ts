import type { Engine } from '../support/browser-options.ts'
import { checkDevice, checkQuiet } from './checks.ts'
import { Scene } from './scene.ts'
import { browserTarget } from './targets/browser.ts'
import { rendererTarget } from './targets/renderer.ts'
import { serverTarget } from './targets/server.ts'
import { serviceWorkerTarget } from './targets/service-worker.ts'
import type { Target } from './targets/target.ts'
import { workerTarget } from './targets/worker.ts'
import { inTime, MACHINE_PATIENCE_MS, newVerdict, type Verdict, Wedged } from './verdict.ts'

/** What can be killed, by name. */
export const targets: Readonly<Record<string, Target>> = {
  browser: browserTarget,
  renderer: rendererTarget,
  worker: workerTarget,
  'service-worker': serviceWorkerTarget,
  server: serverTarget,
}

/** Rounds in one space; then all of it is checked, and a fresh one is begun. */
const ROUNDS_PER_SPACE = 25
/** The load goes on for a random time up to this before the kill. */
const LONGEST_LOAD_MS = 300

/** What to kill, and how often. */
export interface KillPlan {
  readonly target: string
  readonly engine: Engine
  readonly rounds: number
  /** Milliseconds after which no further round is begun; null: no limit. */
  readonly limitMs: number | null
  readonly onProgress: (verdict: Verdict) => void
}

/** Kills again and again, and looks each time whether a promise was broken. A wedged device ends the rounds: there is nothing to go on with. */
export async function runKills({ target: name, engine, rounds, limitMs, onProgress }: KillPlan): Promise<Verdict> {
  const target = targets[name]
  if (target === undefined) throw new Error(`nothing to kill is called ${name}`)
  const startedAt = performance.now()
  const isOver = (): boolean => limitMs !== null && performance.now() - startedAt > limitMs
  const verdict = newVerdict()
  const scene = await Scene.open(engine)
  try {
    while (verdict.rounds < rounds && !isOver()) {
      await inTime('opening a fresh space', scene.changeSpace(`kill-${verdict.rounds}`))
      const end = Math.min(rounds, verdict.rounds + ROUNDS_PER_SPACE)
      while (verdict.rounds < end && !isOver()) {
        const events = await inTime(
          'the kill itself',
          target.kill(scene, Math.random() * LONGEST_LOAD_MS, verdict.rounds),
          MACHINE_PATIENCE_MS,
        )
        if (events !== null) countSyncRound(verdict, events)
        if (target.keepsTab) await inTime('the last writes’ answers', scene.endLoad())
        else await inTime('opening after a kill', scene.openTab())
        await checkDevice(scene, verdict)
        verdict.rounds += 1
        onProgress(verdict)
      }
      await checkQuiet(scene, verdict)
      verdict.acknowledged += scene.ledger.acknowledged.size
      for (const [code, count] of scene.ledger.codes) verdict.faults.push(`S24: ${count} writes ended with ${code}`)
    }
  } catch (error) {
    if (!(error instanceof Wedged)) throw error
    verdict.wedged += 1
    verdict.acknowledged += scene.ledger.acknowledged.size
    verdict.faults.push(`S24: ${error.message}, after round ${verdict.rounds}`)
  } finally {
    await scene.close()
  }
  return verdict
}

/** A round without an event would prove nothing. */
function countSyncRound({ backgroundSync, faults, rounds }: Verdict, events: number): void {
  backgroundSync.rounds += 1
  backgroundSync.events += events
  if (events === 0) faults.push(`no Background Sync event reached the service worker in round ${rounds}`)
}
