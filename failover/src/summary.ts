import type { RoundResult } from './result.ts'

/** Sums of a variant's rounds; of seconds the mean and the worst. */
export interface VariantSummary {
  readonly rounds: number
  readonly accepted: number
  readonly lacked: number
  readonly durable: number
  readonly durableLacked: number
  readonly lost: number
  readonly doubled: number
  readonly conflicts: number
  readonly differing: number
  readonly rollbacks: number
  readonly resyncs: number
  readonly convergedSeconds: { readonly mean: number; readonly worst: number }
  readonly roundSeconds: { readonly mean: number; readonly worst: number }
  readonly faults: readonly string[]
}

/** Puts rounds together, by variant. */
export function summarise(results: readonly RoundResult[]): Readonly<Record<string, VariantSummary>> {
  const names = [...new Set(results.map(({ variant }) => variant))]
  return Object.fromEntries(names.map((name) => [name, sumUp(results.filter(({ variant }) => variant === name))]))
}

function sumUp(results: readonly RoundResult[]): VariantSummary {
  const sum = (of: (result: RoundResult) => number): number => results.reduce((total, result) => total + of(result), 0)
  const times = (of: (result: RoundResult) => number): { mean: number; worst: number } => ({
    mean: Math.round((sum(of) / results.length) * 100) / 100,
    worst: Math.max(...results.map(of)),
  })
  return {
    rounds: results.length,
    accepted: sum(({ accepted }) => accepted),
    lacked: sum(({ lacked }) => lacked),
    durable: sum(({ durable }) => durable),
    durableLacked: sum(({ durableLacked }) => durableLacked),
    lost: sum(({ lost }) => lost),
    doubled: sum(({ doubled }) => doubled),
    conflicts: sum(({ conflicts }) => conflicts),
    differing: sum(({ differing }) => differing),
    rollbacks: sum(({ rollbacks }) => rollbacks),
    resyncs: sum(({ resyncs }) => resyncs),
    convergedSeconds: times(({ convergedSeconds }) => convergedSeconds),
    roundSeconds: times(({ seconds }) => seconds),
    faults: results.flatMap(({ faults }) => faults),
  }
}
