import type { Family, Labels } from './text-format.ts'

/** Counts, apart for each set of labels. Sets that are known beforehand show as 0 from the start, so that a rate has a beginning. */
export class Counter {
  readonly #name: string
  readonly #help: string
  readonly #byLabels = new Map<string, { readonly labels: Labels; value: number }>()

  constructor(name: string, help: string, known: readonly Labels[] = []) {
    this.#name = name
    this.#help = help
    for (const labels of known) this.add(0, labels)
  }

  add(amount: number, labels: Labels = {}): void {
    const key = JSON.stringify(labels)
    const entry = this.#byLabels.get(key)
    if (entry === undefined) this.#byLabels.set(key, { labels, value: amount })
    else entry.value += amount
  }

  family(): Family {
    return { name: this.#name, type: 'counter', help: this.#help, samples: [...this.#byLabels.values()] }
  }
}
