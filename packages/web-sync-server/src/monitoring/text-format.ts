/** Values of labels: codes and names that this program or its operator has chosen, never what users wrote. */
export type Labels = Readonly<Record<string, string>>

/** A metric as Prometheus reads it. */
export interface Family {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  /** `suffix` is added to the name: a histogram's `_bucket`, `_sum` and `_count`. */
  readonly samples: readonly { readonly suffix?: string; readonly labels?: Labels; readonly value: number }[]
}

/** Content type of {@link toText}. */
export const TEXT_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** Writes metrics in the text format of Prometheus: https://prometheus.io/docs/instrumenting/exposition_formats/ */
export function toText(families: readonly Family[]): string {
  const lines = families.flatMap(({ name, type, help, samples }) => [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...samples.map(({ suffix = '', labels = {}, value }) => `${name}${suffix}${toLabels(labels)} ${value}`),
  ])
  return `${lines.join('\n')}\n`
}

function toLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escape(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escape(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
