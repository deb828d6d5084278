import { readFile, writeFile } from 'node:fs/promises'
import { ACTIONS } from './actions/index.ts'
import type { Decision, Plan, Step } from './plan.ts'
import { FAULT_CLASSES, type FaultClass } from './swarm.ts'

/** A plan that broke a promise once, as it is kept in a file and replayed for ever. */
export interface Recording {
  /** What was wrong, and in which commit or file it was put right. */
  readonly about: string
  /** The promises that it broke. */
  readonly invariants: readonly string[]
  readonly plan: Plan
}

/** Writes a recording, one step on each line. */
export async function writeRecording(path: string, recording: Recording): Promise<void> {
  const { steps, ...rest } = recording.plan
  const lines = steps.map((step) => `      ${JSON.stringify(step)}`).join(',\n')
  const head = JSON.stringify({ ...recording, plan: rest }, null, 2)
  await writeFile(path, `${head.slice(0, head.lastIndexOf('\n  }'))},\n    "steps": [\n${lines}\n    ]\n  }\n}\n`)
}

/** Reads a recording; rejects with what is wrong in it. */
export async function readRecording(path: string): Promise<Recording> {
  const { about, invariants, plan } = JSON.parse(await readFile(path, 'utf8')) as Recording
  for (const name of plan.classes) assertKnown(path, name, FAULT_CLASSES satisfies readonly FaultClass[])
  for (const step of plan.steps) for (const { action } of step) assertKnown(path, action, Object.keys(ACTIONS))
  return { about, invariants, plan }
}

function assertKnown(path: string, name: string, known: readonly string[]): void {
  if (!known.includes(name)) throw new Error(`${path}: there is no «${name}» (any more)`)
}

/** A step without one of its decisions. */
export function withoutDecision(step: Step, index: number): Step {
  return step.filter((_decision: Decision, other) => other !== index)
}
